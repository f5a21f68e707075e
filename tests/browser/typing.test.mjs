// What a visitor is typing, where the help desk shows that: the visitor is told so, and the agent
// sees it before it is sent. And the help desk that doesn't.
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
import { Browser, Server } from './harness.mjs';

const browser = new Browser();
const desks = [['--typing-preview'], []].map((options) => {
  const data = mkdtempSync(join(tmpdir(), 'kefu-typing-'));
  return { data, server: new Server(process.env.KEFU_HELPDESK, data, options) };
});

before(async () => {
  await Promise.all([...desks.map(({ server }) => server.start()), browser.start()]);
});
after(async () => {
  await browser.stop();
  for (const { data, server } of desks) {
    await server.kill();
    rmSync(data, { recursive: true, force: true });
  }
});

/** A visitor and an agent in a conversation: their pages. */
async function pair({ server }) {
  const visitor = await browser.connected(
    await browser.device({ width: 420, height: 760 }),
    `${server.base}visitor.html?id=alice`,
  );
  const agent = await browser.connected(await browser.device(), `${server.base}agent.html?id=bob`);
  await visitor.getByTestId('start').click();
  await agent.getByTestId('accept').click();
  await agent.getByTestId('pane').waitFor();
  await visitor.getByTestId('text').waitFor();
  return { visitor, agent };
}

test('the agent sees what is typed, and the visitor was told so', async () => {
  const { visitor, agent } = await pair(desks[0]);
  const preview = agent.getByTestId('preview');
  const shown = (text) => agent.getByTestId('preview').filter({ hasText: text }).waitFor();
  assert.equal(await visitor.getByTestId('preview-told').isVisible(), true);
  assert.equal(
    await visitor.getByTestId('preview-told').textContent(),
    'Our staff may see what you type before you send it.',
  );

  await visitor.getByTestId('text').pressSequentially('I have lost my <b>teapot</b>', { delay: 5 });
  await shown('I have lost my <b>teapot</b>'); // the last keystroke too, and no markup
  assert.equal(await preview.locator('b').count(), 0);
  await browser.shot(visitor, 'visitor');
  await browser.shot(agent, 'agent');

  await visitor.getByTestId('text').press('Enter');
  await agent.getByTestId('body').filter({ hasText: 'teapot' }).waitFor();
  await preview.waitFor({ state: 'hidden' });

  // What was never sent is in nobody's log.
  await visitor.getByTestId('text').fill('never mind');
  await shown('never mind');
  await visitor.getByTestId('text').fill('');
  await preview.waitFor({ state: 'hidden' });
  await agent.reload();
  await agent.getByTestId('conversation').getByRole('button').click();
  await agent.getByTestId('body').filter({ hasText: 'teapot' }).waitFor();
  assert.equal(await agent.getByTestId('body').filter({ hasText: 'never mind' }).count(), 0);

  // Nor does the visitor see what the agent types.
  await agent.getByTestId('text').pressSequentially('Let me think');
  await visitor.getByTestId('typing').filter({ hasText: 'bob' }).waitFor();
  assert.equal(await visitor.getByTestId('preview').textContent(), '');
});

test('a help desk that does not show it says nothing of it', async () => {
  const { visitor, agent } = await pair(desks[1]);
  assert.equal(await visitor.getByTestId('preview-told').isVisible(), false);
  await visitor.getByTestId('text').pressSequentially('a secret');
  await agent.getByTestId('typing').filter({ hasText: 'alice' }).waitFor();
  assert.equal(await agent.getByTestId('preview').textContent(), '');
});

test('nothing was asked of another host, and the console has nothing to say', () => {
  assert.deepEqual(browser.complaints, []);
});
