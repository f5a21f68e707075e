// Who waits where agents are asked one by one: the supervisor sees it, in its order, and an agent's
// page does not list it.
//
//   KEFU_HELPDESK   the example's binary
//   KEFU_CHROMIUM   the browser
//   KEFU_SHOTS      where screenshots go
//   KEFU_NODE_DIR   the folder with node_modules

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser, Server, until } from './harness.mjs';

const data = mkdtempSync(join(tmpdir(), 'kefu-queue-'));
const server = new Server(process.env.KEFU_HELPDESK, data, ['--metrics']);
const browser = new Browser();
before(async () => {
  await Promise.all([server.start(), browser.start()]);
});
after(async () => {
  await browser.stop();
  await server.kill();
  rmSync(data, { recursive: true, force: true });
});

test('the supervisor sees who waits, their place and for how long', async () => {
  for (const [who, department] of [
    ['alice', 'support'],
    ['lilei', 'support'],
    ['carol', 'sales'],
  ]) {
    const page = await browser.connected(await browser.device(), `${server.base}visitor.html?id=${who}`);
    await page.getByTestId('department').selectOption(department);
    await page.getByTestId('start').click();
    await page.getByTestId('text').waitFor();
  }
  const board = await browser.connected(
    await browser.device({ width: 1280, height: 800 }),
    `${server.base}supervisor.html?id=sue`,
  );
  const rows = board.getByTestId('queued');
  const shown = async () =>
    Promise.all(
      (await rows.all()).map(async (row) => [
        await row.locator('strong').textContent(),
        /\d/.test(await row.getByTestId('waits').textContent()),
      ]),
    );
  const expected = [
    ['1. carol', true],
    ['1. alice', true],
    ['2. lilei', true],
  ];
  await until(async () => JSON.stringify(await shown()) === JSON.stringify(expected), 'the queue');
  assert.equal(await board.locator('#waiting').textContent(), '3');
  await browser.shot(board, 'queue');

  // An agent comes, is asked about one after the other, and takes them.
  const agent = await browser.connected(await browser.device(), `${server.base}agent.html?id=bob`);
  for (let left = 2; left >= 0; --left) {
    await agent.getByTestId('accept').first().click();
    await until(async () => (await rows.count()) <= left, `${left} to wait`);
  }
  await until(async () => (await board.locator('#waiting').textContent()) === '0', 'nobody');
});

test('nothing was asked of another host, and the console has nothing to say', () => {
  assert.deepEqual(browser.complaints, []);
});
