// The help desk in a real browser: both pages, a server that is killed and comes back, reloads,
// more tabs than one.
//
//   KEFU_HELPDESK   the example's binary; empty: fake-server.mjs
//   KEFU_CHROMIUM   the browser
//   KEFU_SHOTS      where screenshots go
//   KEFU_NODE_DIR   the folder with node_modules

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser, Server, servePagesOnly, until } from './harness.mjs';

const data = mkdtempSync(join(tmpdir(), 'kefu-browser-'));
const server = new Server(process.env.KEFU_HELPDESK, data);
const browser = new Browser();
const bodies = (where) => where.getByTestId('body').allTextContents();
const pane = (page, visitor) =>
  page
    .getByTestId('pane')
    .filter({ has: page.getByRole('heading', { name: visitor, exact: true }) });
let visitor, agent, visitorDevice, agentDevice;
const public_ = []; // what both sides must show, in order

before(async () => {
  await server.start();
  await browser.start();
  visitorDevice = await browser.device({ width: 420, height: 760 });
  agentDevice = await browser.device();
  visitor = await browser.tab(visitorDevice, `${server.base}visitor.html?id=alice`);
  agent = await browser.tab(agentDevice, `${server.base}agent.html?id=bob`);
});

after(async () => {
  await browser.stop();
  await server.kill();
  rmSync(data, { recursive: true, force: true });
});

async function write(where, text) {
  await where.getByTestId('text').fill(text);
  await where.getByTestId('text').press('Enter');
}

async function shows(where, expected, what) {
  let last;
  await until(async () => {
    last = await bodies(where);
    return JSON.stringify(last) === JSON.stringify(expected);
  }, what).catch((error) => assert.deepEqual(last, expected, error.message));
}

async function online(page) {
  await page.locator('[data-testid=status][data-state=online]').waitFor();
}

/** All messages of this list arrive at both, once, in order. */
async function bothShow(...added) {
  public_.push(...added);
  await shows(visitor, public_, 'the visitor to see every message once, in order');
  await shows(
    pane(agent, 'alice').locator('[data-log=public]'),
    public_,
    'the agent to see every message once, in order',
  );
}

test('the front page leads to both', async () => {
  const page = await browser.tab(await browser.device(), server.base);
  assert.match(await page.getByTestId('visitor-link').getAttribute('href'), /visitor/);
  assert.match(await page.getByTestId('agent-link').getAttribute('href'), /agent/);
  await browser.shot(page, 'index');
  await page.context().close();
});

test('a visitor starts a chat, an agent accepts it, a message each way', async () => {
  await online(visitor);
  await online(agent);
  await browser.shot(visitor, 'visitor-start');
  await visitor.getByTestId('subject').fill('A parcel');
  await visitor.getByTestId('start').click();
  await write(visitor, 'Where is my parcel?');
  await agent.getByTestId('offer').filter({ hasText: 'alice' }).getByTestId('accept').click();
  await shows(pane(agent, 'alice'), ['Where is my parcel?'], 'the visitor’s message');
  await write(pane(agent, 'alice'), 'On its way.\nTomorrow!');
  await bothShow('Where is my parcel?', 'On its way.\nTomorrow!');
  await agent.getByTestId('offer').waitFor({ state: 'detached' });
});

test('read receipts and typing are shown to the other side', async () => {
  await visitor.locator('[data-testid=message][data-state=read]').first().waitFor();
  await pane(agent, 'alice').locator('[data-testid=message][data-state=read]').first().waitFor();
  await visitor.getByTestId('text').pressSequentially('I am ty');
  await pane(agent, 'alice').getByTestId('typing').filter({ hasText: 'alice' }).waitFor();
  await browser.shot(visitor, 'visitor-chat');
  await visitor.getByTestId('text').fill('');
});

test('a note is for colleagues only', async () => {
  const mine = pane(agent, 'alice');
  await mine.getByTestId('note-toggle').click();
  await write(mine, 'third time this week');
  await mine.locator('[data-log=internal][data-state=sent]').waitFor();
  await mine.getByTestId('note-toggle').click();
  await write(mine, 'Anything else?');
  await bothShow('Anything else?');
  await browser.shot(agent, 'agent-chat');
});

test('markup in a message is text', async () => {
  const nasty = '<img src=x onerror="document.title=1"> & <b>bold</b>';
  await write(visitor, nasty);
  await bothShow(nasty);
  assert.equal(await agent.locator('.body b, .body img').count(), 0);
});

test('what was written while the server was dead survives a reload and arrives once', async () => {
  await server.kill();
  await write(visitor, 'written while it was down');
  await write(pane(agent, 'alice'), 'the agent too');
  await visitor.getByTestId('banner').waitFor();
  await browser.shot(visitor, 'visitor-offline');
  const stopPages = await servePagesOnly(server.port);
  await visitor.reload();
  await shows(visitor, ['written while it was down'], 'the pending message after the reload');
  assert.equal(await visitor.getByTestId('state').textContent(), 'sending');
  await stopPages();
  await server.start();
  await browser.reconnected(visitor, agent);
  await until(
    async () => (await bodies(visitor)).length === public_.length + 2,
    'both messages to arrive',
  );
  public_.push(...(await bodies(visitor)).slice(-2));
  assert.deepEqual(public_.slice(-2).sort(), ['the agent too', 'written while it was down']);
  await bothShow();
});

test('killed in the middle of a burst: nothing lost, nothing doubled, order kept', async () => {
  const sent = Array.from({ length: 40 }, (_, i) => `burst ${i + 1}`);
  for (const [i, text] of sent.entries()) {
    await write(visitor, text);
    if (i === 12 || i === 25) await server.kill();
    if (i === 18 || i === 32) await server.start();
  }
  await browser.reconnected(visitor, agent);
  await bothShow(...sent);
});

test('a reload shows the same transcript', async () => {
  await visitor.reload();
  await agent.reload();
  await agent.getByTestId('conversation').filter({ hasText: 'alice' }).getByRole('button').click();
  const seen = async (where) => {
    // At once, for what is shown now may be hidden as it is clicked.
    const show = (all) => all.forEach((one) => one.hidden || one.click());
    await where.getByTestId('earlier').evaluateAll(show);
    return bodies(where.locator('[data-log=public]'));
  };
  for (const where of [visitor, pane(agent, 'alice')]) {
    await until(
      async () => JSON.stringify(await seen(where)) === JSON.stringify(public_),
      'the whole transcript',
    );
  }
});

const sessions = (page) =>
  page.evaluate(() =>
    Object.keys(localStorage)
      .filter((key) => key.startsWith('kefu/visitor:alice/'))
      .map((key) => JSON.parse(localStorage[key]).session),
  );
const slot = (page) => page.evaluate(() => sessionStorage['kefu/visitor:alice/']);

test('a second tab has a session of its own and shows the same conversation', async () => {
  const second = await browser.tab(visitorDevice, `${server.base}visitor.html?id=alice`);
  await shows(second, public_, 'the transcript in the second tab');
  await write(second, 'from the second tab');
  await write(visitor, 'from the first tab');
  await until(
    async () => (await bodies(visitor)).length === public_.length + 2,
    'the messages of both tabs',
  );
  public_.push(...(await bodies(visitor)).slice(-2));
  await bothShow();
  await shows(second, public_, 'the same in the second tab');
  assert.notEqual(await slot(second), await slot(visitor));
  const all = await sessions(visitor);
  assert.equal(all.length, 2);
  assert.equal(new Set(all).size, 2);
  await second.close();
});

test('a tab that was copied with its session: the older one opens a new session, nothing is lost or doubled', async () => {
  const copied = await slot(visitor);
  const [before_] = await Promise.all([
    visitor.evaluate((key) => JSON.parse(localStorage[key]).session, copied),
  ]);
  const copy = await visitorDevice.newPage();
  await copy.addInitScript((key) => {
    // as in a browser without locks
    Object.defineProperty(navigator, 'locks', { value: undefined });
    window.BroadcastChannel = undefined;
    sessionStorage['kefu/visitor:alice/'] = key;
  }, copied);
  await copy.goto(`${server.base}visitor.html?id=alice`);
  await online(copy);
  await until(async () => (await slot(visitor)) !== copied, 'the older tab to move');
  await browser.reconnected(visitor);
  await until(
    () =>
      visitor.evaluate((before__) => {
        const record = JSON.parse(localStorage[sessionStorage['kefu/visitor:alice/']] ?? '{}');
        return record.session && record.session !== before__;
      }, before_),
    'a new session',
  );
  await write(visitor, 'the older tab');
  await bothShow('the older tab');
  await write(copy, 'the copied tab');
  await bothShow('the copied tab');
  await copy.close();
});

test('the pages in the dark, in Chinese, on a phone and on a desk', async () => {
  const dark = await browser.device({ dark: true, language: 'zh-CN' });
  const phone = await browser.device({ width: 390, height: 780, dark: true });
  const desk = await browser.tab(dark, `${server.base}agent.html?id=bob`);
  await desk.getByTestId('conversation').getByRole('button').click();
  await pane(desk, 'alice').getByTestId('body').last().waitFor();
  assert.equal(await desk.title(), '坐席工作台 · kefu');
  await browser.shot(desk, 'agent-dark-zh');
  const small = await browser.tab(phone, `${server.base}agent.html?id=bob`);
  await small.getByTestId('conversation').waitFor();
  await browser.shot(small, 'agent-phone-list');
  await small.getByTestId('conversation').getByRole('button').click();
  await small.getByTestId('body').last().waitFor();
  const fromEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight;
  await until(async () => (await small.getByTestId('log').evaluate(fromEnd)) < 5, 'the end of it');
  await browser.shot(small, 'agent-phone-pane');
  const other = await browser.tab(dark, `${server.base}visitor.html?id=lilei`);
  await other.getByTestId('start').click();
  await write(other, '你好，请问怎么开发票？');
  await other.locator('[data-testid=message][data-state=sent]').waitFor();
  await browser.shot(other, 'visitor-dark-zh');
  await dark.close();
  await phone.close();
});

test('closing: both see it, the visitor can start anew', async () => {
  await pane(agent, 'alice').getByTestId('close').click();
  await visitor.getByTestId('start-again').waitFor();
  await visitor.getByTestId('text').waitFor({ state: 'hidden' });
  await browser.shot(visitor, 'visitor-closed');
  await visitor.getByTestId('start-again').click();
  await visitor.getByTestId('start').click();
  await write(visitor, 'one more thing');
  await shows(visitor, ['one more thing'], 'a new conversation');
  await agent.getByTestId('offer').filter({ hasText: 'alice' }).waitFor();
});

const noDesk = process.env.KEFU_HELPDESK ? false : 'the stand-in knows nothing of the desk';
test('the desk: away, a place in the queue, decline, hold, transfer, resolve', { skip: noDesk }, async () => {
  const intent = agent.getByTestId('intent');
  await intent.selectOption('away');
  const carol = await browser.tab(await browser.device(), `${server.base}visitor.html?id=carol`);
  await carol.getByTestId('start').click();
  const state = carol.getByTestId('conversation-state');
  await state.filter({ hasText: '1' }).waitFor(); // her place
  await intent.selectOption('available');
  const offer = agent.getByTestId('offer').filter({ hasText: 'carol' });
  await offer.getByTestId('decline').click();
  await offer.waitFor({ state: 'detached' });

  const dora = await browser.tab(await browser.device(), `${server.base}agent.html?id=dora`);
  await dora.getByTestId('offer').filter({ hasText: 'carol' }).getByTestId('accept').click();
  await state.filter({ hasText: 'dora' }).waitFor();
  const mine = pane(dora, 'carol');
  await mine.getByTestId('hold').click();
  await mine.getByTestId('resume').click();
  await mine.getByTestId('transfer').click();
  await dora.getByTestId('transfer-to').selectOption('agent:bob');
  await dora.getByTestId('transfer-go').click();
  await mine.getByTestId('hold').waitFor({ state: 'hidden' });
  await state.filter({ hasText: 'bob' }).waitFor();
  await agent.getByTestId('conversation').filter({ hasText: 'carol' }).getByRole('button').click();
  await pane(agent, 'carol').getByTestId('resolve').click();
  await pane(agent, 'carol').getByTestId('resolve').waitFor({ state: 'hidden' });
});

test(
  'a network that breaks WebSockets: the page falls back, also over a restart',
  { skip: process.env.KEFU_HELPDESK ? false : 'fake-server.mjs serves no events' },
  async () => {
    const device = await browser.device({ width: 420, height: 760 });
    await device.addInitScript(() => {
      // As a proxy does that answers the upgrade with a page of its own.
      globalThis.WebSocket = class extends EventTarget {
        readyState = 0;
        constructor() {
          super();
          setTimeout(
            () => this.dispatchEvent(Object.assign(new Event('close'), { code: 1006 })),
            10,
          );
        }
        send() {}
        close() {}
      };
    });
    const page = await browser.tab(device, `${server.base}visitor.html?id=erin`);
    await online(page);
    await page.getByTestId('start').click();
    await write(page, 'over events');
    await shows(page, ['over events'], 'the message');
    await server.kill();
    await write(page, 'while it was away');
    await server.start();
    await browser.reconnected(page);
    await shows(page, ['over events', 'while it was away'], 'both messages');
    const sent = page.locator('[data-testid=message][data-state=sent]');
    await until(async () => (await sent.count()) === 2, 'both to be acknowledged');
    await device.close();
  },
);

test('nothing was asked of another host, and the console has nothing to say', () => {
  assert.deepEqual(browser.complaints, []);
});
