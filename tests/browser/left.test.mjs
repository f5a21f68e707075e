// What a visitor leaves while the desk is closed: it becomes a ticket, which an agent finds who comes
// later, and answers where the visitor reads it.
//
//   KEFU_HELPDESK   the example's binary
//   KEFU_CHROMIUM   the browser
//   KEFU_SHOTS      where screenshots go
//   KEFU_NODE_DIR   the folder with node_modules

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser, Server } from './harness.mjs';

const data = mkdtempSync(join(tmpdir(), 'kefu-left-'));
const config = join(data, 'helpdesk.toml');
const server = new Server(process.env.KEFU_HELPDESK, data, ['--config', config]);
const browser = new Browser();
const dayIn = (days) =>
  ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][(new Date().getUTCDay() + days) % 7];

before(async () => {
  writeFileSync(
    config,
    `[[departments]]
     id = "support"
     offline = "ticket"
     hours = "later"
     [[departments]]
     id = "sales"
     [hours.later]
     ${dayIn(3)} = ["09:00-17:00"]
    `,
  );
  await Promise.all([server.start(), browser.start()]);
});
after(async () => {
  await browser.stop();
  await server.kill();
  rmSync(data, { recursive: true, force: true });
});

const body = (where, text) => where.getByTestId('body').filter({ hasText: text });
async function write(where, text) {
  await where.getByTestId('text').fill(text);
  await where.getByTestId('text').press('Enter');
}

test('left while the desk is closed, found and answered by an agent', async () => {
  const device = await browser.device({ width: 420, height: 760 });
  let visitor = await browser.connected(device, `${server.base}visitor.html?id=alice`);
  await visitor.getByTestId('subject').fill('A broken teapot');
  await visitor.getByTestId('start').click();
  await visitor.getByTestId('text').waitFor();
  await visitor
    .locator('#state')
    .filter({ hasText: /closed/i })
    .waitFor();
  await write(visitor, 'Its handle came off.');
  await body(visitor, 'handle').waitFor();
  await visitor.getByText('kept as a ticket').first().waitFor();
  await browser.shot(visitor, 'visitor-closed');
  await visitor.close();

  const agent = await browser.connected(await browser.device(), `${server.base}agent.html?id=bob`);
  const left = agent.getByTestId('left-message');
  await left.filter({ hasText: 'A broken teapot' }).waitFor();
  assert.match(await left.textContent(), /alice/);
  assert.equal(await agent.getByTestId('offer').count(), 0); // nobody waits
  await browser.shot(agent, 'agent-left');
  await left.getByTestId('answer').click();
  await body(agent, 'handle').waitFor();
  await left.waitFor({ state: 'hidden' });
  await write(agent, 'We will send you another one.');

  visitor = await browser.connected(device, `${server.base}visitor.html?id=alice`);
  await body(visitor, 'another one').waitFor();
  await visitor.locator('#state').filter({ hasText: 'bob' }).waitFor();

  // And for the next agent there is nothing left.
  const dora = await browser.device();
  const answered = new Promise((resolve) => {
    const look = ({ payload }) => String(payload).includes('"type":"tickets"') && resolve();
    dora.on('page', (page) => page.on('websocket', (one) => one.on('framereceived', look)));
  });
  const other = await browser.connected(dora, `${server.base}agent.html?id=dora`);
  await answered;
  assert.equal(await other.getByTestId('left-message').count(), 0);
});

test('nothing was asked of another host, and the console has nothing to say', () => {
  assert.deepEqual(browser.complaints, []);
});
