// A day at the desk, as people see it: two visitors on somebody's site, two agents, a supervisor; an
// offer declined, a transfer with a note, a file, a ticket, whispers, a cut network, a server that is
// killed, a rating. On the packed pages. At the end axe looks at each page in both themes.
//
//   KEFU_HELPDESK   the example's binary
//   KEFU_CHROMIUM   the browser
//   KEFU_SHOTS      where screenshots go
//   KEFU_NODE_DIR   the folder with node_modules

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Browser, Server, until } from './harness.mjs';
import { freePort } from './ports.mjs';
import { requireFrom } from './packages.mjs';
import { Shop, Wire } from './shop.mjs';

const MOST_OF_WIDGET = 30 * 1024; // bytes, compressed
const MOST_OF_PAGE = 150 * 1024; // bytes, as they are served

const EXAMPLE = fileURLToPath(new URL('../../examples/helpdesk/', import.meta.url));
const data = mkdtempSync(join(tmpdir(), 'kefu-day-'));
const packed = join(data, 'packed');
const config = join(data, 'helpdesk.toml');
const server = new Server(process.env.KEFU_HELPDESK, data, [
  '--files',
  '--metrics',
  '--web',
  packed,
  '--config',
  config,
]);
const browser = new Browser();
const shop = new Shop(packed);
let wire;
let alice, lilei, bob, dora, sue; // pages

const pane = (page, visitor) =>
  page
    .getByTestId('pane')
    .filter({ has: page.getByRole('heading', { name: visitor, exact: true }) });
const body = (where, text) => where.getByTestId('body').filter({ hasText: text });
const offer = (page, visitor) => page.getByTestId('offer').filter({ hasText: visitor });

async function write(where, text) {
  await where.getByTestId('text').fill(text);
  await where.getByTestId('text').press('Enter');
}

const loads = new Map(); // page → the sizes of its files, when it was first opened

/** A tab with a page of the help desk. */
async function open(device, address) {
  const name = address.split('.')[0];
  const page = await device.newPage();
  if (!loads.has(name)) {
    const files = [];
    loads.set(name, files);
    page.on('response', (response) => {
      if (/\.(html|js|css|svg)(\?|$)|\/$/.test(response.url()) && response.status() === 200)
        files.push(response.body().then((content) => content.length));
    });
  }
  await page.goto(`${server.base}${address}`);
  return page;
}

const dayIn = (days) =>
  ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][(new Date().getUTCDay() + days) % 7];

before(async () => {
  const esbuild = join(requireFrom.resolve('esbuild/package.json'), '..', 'bin', 'esbuild');
  execFileSync(join(EXAMPLE, 'pack.sh'), [esbuild, join(EXAMPLE, 'web'), packed]);
  await shop.start();
  server.port = await freePort();
  const origins = [shop.base, `http://127.0.0.1:${server.port}`];
  writeFileSync(
    config,
    `allowed_origins = ${JSON.stringify(origins)}
     [[departments]]
     id = "support"
     decline_pause = 600
     [[departments]]
     id = "sales"
     routing = "pick"
     [[departments]]
     id = "repairs"
     hours = "later"
     [hours.later]
     ${dayIn(3)} = ["09:00-17:00"]
    `,
  );
  await server.start();
  wire = new Wire(server.port);
  shop.desk = `http://127.0.0.1:${await wire.start()}`;
  shop.secret = readFileSync(join(data, 'demo-secret'), 'utf8').trim();
  await browser.start();
  const agents = await Promise.all([browser.device({ width: 1280 }), browser.device()]);
  const board = await browser.device({ width: 1280, height: 800 });
  bob = await open(agents[0], 'agent.html?id=bob');
  dora = await open(agents[1], 'agent.html?id=dora');
  sue = await open(board, 'supervisor.html?id=sue');
  alice = await browser.tab(
    await browser.device({ width: 1000, height: 720 }),
    `${shop.base}/?visitor=alice`,
  );
  lilei = await browser.tab(
    await browser.device({ width: 390, height: 780, dark: true, language: 'zh-CN' }),
    `${shop.base}/?visitor=lilei&lang=zh`,
  );
});

after(async () => {
  await browser.stop();
  await server.kill();
  wire?.stop();
  shop.stop();
  rmSync(data, { recursive: true, force: true });
});

// Each step of the day stands on those before it: after one that failed the rest would only wait.
let broken = null;
function step(name, run) {
  test(name, async (one) => {
    if (broken) return one.skip(`“${broken}” has failed`);
    try {
      await run();
    } catch (error) {
      broken = name;
      for (const [who, page] of Object.entries({ alice, lilei, bob, dora, sue }))
        await browser.shot(page, `failed-${who}`).catch(() => {});
      throw error;
    }
    return undefined;
  });
}

test('the widget is small', () => {
  const sizes = ['widget.js', 'widget.css', 'common.css'].map((name) => [
    name,
    gzipSync(readFileSync(join(packed, name)), { level: 9 }).length,
  ]);
  const all = sizes.reduce((sum, [, size]) => sum + size, 0);
  console.log(`# the widget, compressed: ${all} bytes (${sizes.join(' · ')})`);
  assert.ok(all < MOST_OF_WIDGET, `${all} bytes`);
});

step('morning: a visitor asks, one agent declines, the other accepts', async () => {
  await dora.getByTestId('intent').selectOption('away');
  await sue.getByTestId('agent').filter({ hasText: 'dora' }).filter({ hasText: 'Away' }).waitFor();
  await alice.getByTestId('launcher').click();
  await browser.shot(alice, 'widget-start');
  await alice.getByTestId('name').fill('Alice');
  await alice.getByTestId('subject').fill('A broken lid');
  await alice.getByTestId('start').click();
  await write(alice, 'The lid of my teapot came broken.');
  await offer(bob, 'alice').getByTestId('countdown').waitFor();
  await browser.shot(bob, 'desk-offer');
  await offer(bob, 'alice').getByTestId('decline').click();
  await offer(bob, 'alice').waitFor({ state: 'detached' });
  await dora.getByTestId('intent').selectOption('available');
  await offer(dora, 'alice').waitFor();
  await dora.keyboard.press('Alt+a');
  await body(pane(dora, 'Alice'), 'The lid of my teapot').waitFor();
  await alice.getByTestId('conversation-state').filter({ hasText: 'dora' }).waitFor();
});

step('they talk: typing, receipts, a canned reply, a message taken back', async () => {
  await alice.getByTestId('text').pressSequentially('It is');
  await pane(dora, 'Alice').getByTestId('typing').filter({ hasText: 'alice' }).waitFor();
  await alice.getByTestId('text').fill('');
  const text = pane(dora, 'Alice').getByTestId('text');
  await text.fill('/hel');
  await dora.getByTestId('reply').first().waitFor();
  await text.press('Enter');
  assert.equal(await text.inputValue(), 'Hello Alice, how can I help you?');
  await text.press('Enter');
  await body(alice, 'Hello Alice').waitFor();
  await pane(dora, 'Alice').locator('[data-testid=message][data-state=read]').first().waitFor();
  await write(alice, 'My card is 4111');
  const secretOne = alice.getByTestId('message').filter({ hasText: '4111' });
  await secretOne.getByTestId('recall').click();
  await body(alice, 'taken back').waitFor();
  await body(pane(dora, 'Alice'), 'taken back').waitFor();
  assert.equal(await body(pane(dora, 'Alice'), '4111').count(), 0);
});

step('what the page has told stands beside it, and can be added to', async () => {
  const mine = pane(dora, 'Alice');
  await mine.getByTestId('toggle-details').click();
  await mine.getByTestId('facts').filter({ hasText: 'Teapots' }).waitFor();
  await mine.getByTestId('about-tags').fill('lid, vip');
  await mine.getByTestId('about-tags').press('Tab');
  await mine.getByTestId('about-priority').selectOption('high');
  await dora.reload();
  await dora.getByTestId('conversation').filter({ hasText: 'alice' }).getByRole('button').click();
  await mine.getByTestId('toggle-details').click();
  await until(
    async () => (await mine.getByTestId('about-tags').inputValue()) === 'lid, vip',
    'the tags after a reload',
  );
  assert.equal(await mine.getByTestId('about-priority').inputValue(), 'high');
});

step('a file from the visitor reaches the agent', async () => {
  await alice
    .getByTestId('picker')
    .setInputFiles({ name: 'lid.txt', mimeType: 'text/plain', buffer: Buffer.from('in two') });
  const link = pane(dora, 'Alice').getByTestId('file-link');
  await link.filter({ hasText: 'lid.txt' }).waitFor();
  const url = await link.getAttribute('href');
  assert.equal(await (await fetch(url)).text(), 'in two');
});

step(
  'noon: another visitor, where agents pick; the supervisor sees who waits, and since when',
  async () => {
    await lilei.getByTestId('launcher').click();
    await lilei.getByTestId('department').selectOption('sales');
    await lilei.getByTestId('start').click();
    await write(lilei, '有茶壶吗？');
    const queued = sue.getByTestId('queued').filter({ hasText: 'lilei' });
    await queued
      .getByTestId('waits')
      .filter({ hasText: /^\d+:\d\d$/ })
      .waitFor();
    assert.equal(await sue.getByTestId('figure-waiting').textContent(), '1');
    await browser.shot(sue, 'board-queue');
    assert.equal(await offer(bob, 'lilei').getByTestId('decline').count(), 0);
    await offer(bob, 'lilei').getByTestId('accept').click();
    await queued.waitFor({ state: 'detached' });
    await write(pane(bob, 'lilei'), '有，青瓷的。');
    await body(lilei, '青瓷').waitFor();
    await browser.shot(lilei, 'widget-phone-dark-zh');
  },
);

step('a transfer with a note: the next agent has two at once', async () => {
  await pane(dora, 'Alice').getByTestId('transfer').click();
  await dora.getByTestId('transfer-to').selectOption('agent:bob');
  await dora.getByTestId('transfer-note').fill('Wants a new lid');
  await dora.getByTestId('transfer-go').click();
  await alice.getByTestId('conversation-state').filter({ hasText: 'bob' }).waitFor();
  const row = bob.getByTestId('conversation').filter({ hasText: 'alice' });
  await row.getByTestId('unread').waitFor();
  await row.getByRole('button').click();
  await body(pane(bob, 'Alice').locator('[data-log=internal]'), 'Wants a new lid').waitFor();
  await pane(bob, 'lilei').getByTestId('text').waitFor();
  await row.getByTestId('unread').waitFor({ state: 'detached' });
  await pane(dora, 'Alice').getByTestId('hold').waitFor({ state: 'hidden' });
  assert.equal(await body(alice, 'Wants a new lid').count(), 0);
  await browser.shot(bob, 'desk-two');
});

step('a ticket for what takes longer', async () => {
  await pane(bob, 'Alice').getByTestId('toggle-details').click();
  await pane(bob, 'Alice').getByTestId('make-ticket').click();
  await bob.getByTestId('ticket-subject').fill('A new lid for Alice');
  await bob.getByTestId('ticket-create').click();
  await bob.getByTestId('tickets').filter({ hasText: 'A new lid' }).waitFor();
  await bob.getByTestId('ticket-comment').fill('Asked the potter');
  await bob.getByTestId('ticket-say').click();
  await bob.getByTestId('ticket-log').filter({ hasText: 'Asked the potter' }).waitFor();
  await until(
    async () => (await bob.getByTestId('ticket-comment').inputValue()) === '',
    'the comment to be taken',
  );
  await bob.getByTestId('ticket-state').selectOption('open');
  await bob.getByTestId('tickets').filter({ hasText: 'Open' }).waitFor();
  await bob.getByTestId('ticket-priority').selectOption('urgent');
  await bob.getByTestId('tickets').filter({ hasText: 'Urgent' }).waitFor();
  await browser.shot(bob, 'desk-ticket');
  await bob.keyboard.press('Escape');
  await bob.getByTestId('tickets-dialog').waitFor({ state: 'detached' });
  await pane(bob, 'Alice').getByTestId('toggle-details').click();
});

step('search finds it, and goes there', async () => {
  await bob.keyboard.press('Alt+s');
  await bob.getByTestId('search-text').fill('came broken');
  await bob.getByTestId('search-text').press('Enter');
  await bob.getByTestId('hit').getByRole('button').click();
  await bob.locator('.pane.current').filter({ hasText: 'came broken' }).waitFor();
});

step(
  'by keys alone: which there are, another conversation, a note; sounds are off until wanted',
  async () => {
    await pane(bob, 'Alice').getByTestId('log').focus();
    await bob.keyboard.press('?');
    await bob.getByTestId('keys-dialog').waitFor();
    await bob.keyboard.press('Escape');
    await bob.keyboard.press('Alt+1');
    await bob.locator('.pane.current').filter({ hasText: 'lilei' }).waitFor();
    const text = pane(bob, 'lilei').getByTestId('text');
    await until(() => text.evaluate((one) => one === document.activeElement), 'the cursor in it');
    await bob.keyboard.press('Alt+n');
    await bob.keyboard.type('Likes green');
    await bob.keyboard.press('Enter');
    await body(pane(bob, 'lilei').locator('[data-log=internal]'), 'Likes green').waitFor();
    await bob.keyboard.press('Alt+n');
    const alerts = bob.getByTestId('alerts');
    assert.equal(await alerts.getAttribute('aria-pressed'), 'false');
    await alerts.click();
    await bob.locator('[data-testid=alerts][aria-pressed=true]').waitFor();
    await alerts.click();
    await bob.locator('[data-testid=alerts][aria-pressed=false]').waitFor();
  },
);

step('the supervisor reads along, and whispers to the agent alone', async () => {
  await sue.getByTestId('search').click();
  await sue.getByTestId('search-text').fill('came broken');
  await sue.getByTestId('search-go').click();
  await sue.getByTestId('hit').getByRole('button').click();
  const hers = pane(sue, 'Alice');
  await body(hers, 'came broken').waitFor();
  await hers.getByTestId('note-toggle').click();
  await write(hers, 'Send two lids');
  await body(pane(bob, 'Alice').locator('[data-log=internal]'), 'Send two lids').waitFor();
  assert.equal(await body(alice, 'Send two lids').count(), 0);
  await browser.shot(sue, 'board-watch');
});

step('the network is cut: the visitor is told, writes on, and it arrives once', async () => {
  wire.cut();
  await alice.getByTestId('banner').filter({ hasText: 'no connection' }).waitFor();
  await write(alice, 'written in the dark');
  await browser.shot(alice, 'widget-cut');
  wire.mend();
  await body(pane(bob, 'Alice'), 'written in the dark').waitFor();
  await alice.getByTestId('banner').waitFor({ state: 'hidden' });
  assert.equal(await body(alice, 'written in the dark').count(), 1);
  assert.equal(await body(pane(bob, 'Alice'), 'written in the dark').count(), 1);
});

step('minimised, the button counts what comes; a reload keeps it', async () => {
  await alice.keyboard.press('Escape');
  await write(pane(bob, 'Alice'), 'A new lid is on its way.');
  await alice.getByTestId('launcher-badge').filter({ hasText: '1' }).waitFor();
  await alice.reload();
  await alice.getByTestId('launcher-badge').filter({ hasText: '1' }).waitFor();
  await alice.getByTestId('launcher').press('Enter');
  await body(alice, 'on its way').waitFor();
  await alice.getByTestId('launcher-badge').waitFor({ state: 'hidden' });
  await body(alice, 'came broken').waitFor(); // from the history
});

step('the server is killed and comes back: everybody goes on', async () => {
  await server.kill();
  await write(pane(bob, 'Alice'), 'Are you still there?');
  await bob.getByTestId('banner').waitFor();
  await write(alice, 'And the colour?');
  await server.start();
  await body(pane(bob, 'Alice'), 'And the colour?').waitFor();
  await body(alice, 'Are you still there?').waitFor();
  await body(pane(sue, 'Alice'), 'And the colour?').waitFor();
  for (const [page, text] of [
    [alice, 'Are you still there?'],
    [pane(bob, 'Alice'), 'And the colour?'],
  ])
    assert.equal(await body(page, text).count(), 1);
});

step('the supervisor takes over, and solves it; the visitor says how it was', async () => {
  const hers = pane(sue, 'Alice');
  await hers.getByTestId('take_over').click();
  await alice.getByTestId('conversation-state').filter({ hasText: 'sue' }).waitFor();
  await pane(bob, 'Alice').getByTestId('resolve').waitFor({ state: 'hidden' });
  await hers.getByTestId('resolve').click();
  await alice.getByTestId('star-4').check({ force: true });
  await alice.getByTestId('rating-comment').fill('Kind, and quick');
  await browser.shot(alice, 'widget-rating');
  await alice.getByTestId('rating-send').click();
  await body(hers, '4 of 5').filter({ hasText: 'Kind, and quick' }).waitFor();
  await sue.getByTestId('figure-rating').filter({ hasText: '4.0' }).waitFor();
  await alice.getByTestId('rating').waitFor({ state: 'detached' });
});

step('a visitor ends it, and is asked before', async () => {
  await lilei.getByTestId('end').click();
  await lilei.getByTestId('star-5').check({ force: true });
  await lilei.getByTestId('rating-send').click();
  await lilei.getByTestId('start-again').waitFor();
  await body(pane(bob, 'lilei'), '★★★★★').waitFor();
  await pane(bob, 'lilei').getByTestId('close').waitFor({ state: 'hidden' });
});

step('where nobody is there now, a visitor is told when somebody will be', async () => {
  const eve = await browser.tab(await browser.device(), `${shop.base}/?visitor=eve`);
  await eve.getByTestId('launcher').click();
  await eve.getByTestId('department').selectOption('repairs');
  await eve.getByTestId('start').click();
  await eve.getByTestId('notice').filter({ hasText: 'We are back' }).waitFor();
  await write(eve, 'It drips.');
  await eve.locator('[data-testid=message][data-state=sent]').waitFor();
  await eve.getByTestId('end').click();
  assert.equal(await eve.getByTestId('star-5').count(), 0); // nobody has served her
  await eve.getByTestId('rating-skip').click();
  await eve.getByTestId('end').click();
  await eve.getByTestId('rating-send').click();
  await eve.getByTestId('start-again').waitFor();
  await eve.context().close();
});

step('whoever is banned is out, until they are let in again', async () => {
  const mallory = await open(await browser.device(), 'visitor.html?id=mallory');
  const online = mallory.locator('[data-testid=status][data-state=online]');
  await online.waitFor();
  await sue.getByTestId('open-bans').click();
  await sue.getByTestId('ban-whom').fill('mallory');
  await sue.getByTestId('ban').click();
  await sue.getByTestId('ban-news').filter({ hasText: 'mallory' }).waitFor();
  await mallory.locator('[data-testid=status]:not([data-state=online])').waitFor();
  await sue.getByTestId('lift').click();
  await sue.getByTestId('ban-news').filter({ hasText: 'again' }).waitFor();
  await sue.keyboard.press('Escape');
  await until(async () => {
    await mallory.reload();
    return online.waitFor({ timeout: 2000 }).then(() => true);
  }, 'mallory to be let in');
  await mallory.context().close();
});

step('nothing was asked of another host, and the console has nothing to say', () => {
  assert.deepEqual(browser.complaints, []);
});

// ---- how they are built (axe adds styles of its own, of which the console complains)

const AXE = { resultTypes: ['violations'] };
const source = () => readFileSync(requireFrom.resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds on a page that is serious. */
async function faults(page, name) {
  await page.evaluate(`${source()}; undefined`);
  const { violations } = await page.evaluate((options) => globalThis.axe.run(options), AXE);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${name}: ${id}: ${nodes[0].target} ${nodes[0].failureSummary}`);
}

// Each in one of the themes: they are made of the same parts.
const DIALOGS = {
  light: [
    ['open-tickets', 'tickets-dialog'],
    ['open-keys', 'keys-dialog'],
  ],
  dark: [
    ['open-replies', 'replies-dialog'],
    ['search', 'search-dialog'],
  ],
};

for (const dark of [false, true]) {
  const theme = dark ? 'dark' : 'light';
  step(`axe finds no serious fault: ${theme}`, async () => {
    const found = [];
    const look = async (page, name) => found.push(...(await faults(page, `${name} ${theme}`)));
    for (const page of [alice, bob, sue])
      await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
    await look(alice, 'widget');
    await look(sue, 'board');
    await browser.shot(sue, `board-${theme}`);
    await pane(bob, 'lilei').getByTestId('toggle-details').click();
    await look(bob, 'desk');
    await browser.shot(bob, `desk-${theme}`);
    await pane(bob, 'lilei').getByTestId('toggle-details').click();
    for (const [button, dialog] of DIALOGS[theme]) {
      await bob.getByTestId(button).click();
      await bob.getByTestId(dialog).waitFor();
      await look(bob, dialog);
      await bob.keyboard.press('Escape');
      await bob.getByTestId(dialog).waitFor({ state: 'detached' });
    }
    const device = await browser.device({ width: 390, height: 780, dark });
    for (const name of ['', 'visitor.html?id=fay', 'shop.html']) {
      const page = await open(device, name);
      if (name === 'shop.html') await page.getByTestId('launcher').waitFor();
      await look(page, name || 'index');
    }
    await device.close();
    assert.deepEqual(found, []);
  });
}

step('each page is small', async () => {
  assert.deepEqual([...loads.keys()].sort(), ['', 'agent', 'shop', 'supervisor', 'visitor']);
  for (const [name, files] of loads) {
    const all = (await Promise.all(files)).reduce((sum, size) => sum + size, 0);
    console.log(`# ${name || 'index'}: ${all} bytes in ${files.length} files`);
    assert.ok(all < MOST_OF_PAGE, `${name}: ${all} bytes`);
  }
});
