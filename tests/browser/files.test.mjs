// Files and recalls on the pages, in a real browser against the real server: sending, watching it
// go, pausing, reloading, pasting, dropping; pictures and names; what is checked first, refused, or
// taken back.
//
//   KEFU_HELPDESK   the example's binary
//   KEFU_CHROMIUM   the browser
//   KEFU_SHOTS      where screenshots go
//   KEFU_NODE_DIR   the folder with node_modules

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { Proxy } from '../integration/files/proxy.mjs';
import { Browser, Server, until } from './harness.mjs';

const data = mkdtempSync(join(tmpdir(), 'kefu-files-'));
const fifo = join(data, 'verdicts');
const scanner = join(data, 'scanner');
// What begins with HOLD waits for a verdict; all else is clean.
writeFileSync(
  scanner,
  `#!/bin/sh\n[ "$(head -c 4 | tr -d '\\0')" = HOLD ] || exit 0\nread verdict < '${fifo}'\nexit "$verdict"\n`,
  { mode: 0o755 },
);
execFileSync('mkfifo', [fifo]);

const server = new Server(process.env.KEFU_HELPDESK, data, ['--files', '--scan', scanner]);
const browser = new Browser();
let proxy, visitor, agent, visitorDevice, agentDevice;

/** A picture: one colour running into another. */
function png(width, height) {
  const table = Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; ++k) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
    return n >>> 0;
  });
  const crc = (bytes) => {
    let sum = 0xffffffff;
    for (const byte of bytes) sum = table[(sum ^ byte) & 255] ^ (sum >>> 8);
    return (sum ^ 0xffffffff) >>> 0;
  };
  const number = (n) => Buffer.from([n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
  const chunk = (name, content) => {
    const body = Buffer.concat([Buffer.from(name), content]);
    return Buffer.concat([number(content.length), body, number(crc(body))]);
  };
  const rows = Array.from({ length: height }, (_, y) =>
    Buffer.from([
      0,
      ...Array.from({ length: width }, (_, x) => [
        (255 * x) / width,
        110,
        (255 * y) / height,
      ]).flat(),
    ]),
  );
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', Buffer.concat([number(width), number(height), Buffer.from([8, 2, 0, 0, 0])])),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const pane = (page, name) =>
  page.getByTestId('pane').filter({ has: page.getByRole('heading', { name, exact: true }) });
const theirs = () => pane(agent, 'alice');
const messages = (where) => where.getByTestId('message');
const online = (page) => page.locator('[data-testid=status][data-state=online]').waitFor();

async function write(where, text) {
  await where.getByTestId('text').fill(text);
  await where.getByTestId('text').press('Enter');
}
const pick = (where, ...files) =>
  where
    .getByTestId('picker')
    .setInputFiles(files.map(([name, mimeType, buffer]) => ({ name, mimeType, buffer })));

before(async () => {
  await server.start();
  await browser.start();
  proxy = await Proxy.start(server.port);
  visitorDevice = await browser.device({ width: 420, height: 760 });
  agentDevice = await browser.device();
  visitor = await browser.tab(visitorDevice, `${proxy.base}/visitor.html?id=alice`);
  agent = await browser.tab(agentDevice, `${server.base}agent.html?id=bob`);
  await online(visitor);
  await online(agent);
  await visitor.getByTestId('start').click();
  await write(visitor, 'Look at this:');
  await agent.getByTestId('offer').filter({ hasText: 'alice' }).getByTestId('accept').click();
  await theirs().getByTestId('body').filter({ hasText: 'Look at this' }).waitFor();
});

after(async () => {
  await browser.stop();
  proxy?.close();
  await server.kill();
  rmSync(data, { recursive: true, force: true });
});

test('a picture is shown where it stands, on both sides', async () => {
  await pick(visitor, ['parcel.png', 'image/png', png(240, 160)]);
  for (const where of [visitor, theirs()]) {
    const picture = where.getByTestId('picture');
    await picture.waitFor();
    await until(() => picture.evaluate((image) => image.naturalWidth === 240), 'the picture');
    assert.equal(await picture.getAttribute('alt'), 'Picture: parcel.png');
  }
  await visitor.getByTestId('upload').waitFor({ state: 'detached' });
  await agent.getByTestId('conversation').filter({ hasText: '[File]' }).waitFor();
});

test('anything else is a name and a size, and is saved', async () => {
  const bytes = randomBytes(123_456);
  await pick(theirs(), ['发票 2026.pdf', 'application/pdf', bytes]);
  const link = visitor.getByTestId('file-link');
  await link.waitFor();
  assert.match(await link.textContent(), /Save the file 发票 2026\.pdf 123 KB/);
  const saved = visitor.waitForEvent('download');
  await link.click();
  const download = await saved;
  assert.equal(download.suggestedFilename(), '发票 2026.pdf');
  assert.ok(bytes.equals(readFileSync(await download.path())));
  await browser.shot(visitor, 'visitor-files');
  await browser.shot(agent, 'agent-files');
});

test('pasted, and dropped', async () => {
  const shot = png(60, 60).toString('base64');
  const carry = (page) =>
    page.evaluateHandle((text) => {
      const carried = new DataTransfer();
      const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      carried.items.add(new File([bytes], 'shot.png', { type: 'image/png' }));
      return carried;
    }, shot);
  const before_ = await visitor.getByTestId('picture').count();
  const pasted = await carry(visitor);
  await visitor.getByTestId('text').evaluate((text, clipboardData) => {
    text.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
    );
  }, pasted);
  await until(
    async () => (await visitor.getByTestId('picture').count()) === before_ + 1,
    'the paste',
  );

  const dataTransfer = await carry(agent);
  const log = theirs().getByTestId('log');
  await log.dispatchEvent('dragenter', { dataTransfer });
  await theirs().locator('.chat.dropping').waitFor();
  await browser.shot(agent, 'agent-drop');
  await log.dispatchEvent('dragover', { dataTransfer });
  await log.dispatchEvent('drop', { dataTransfer });
  await theirs().locator('.chat.dropping').waitFor({ state: 'detached' });
  await until(
    async () => (await visitor.getByTestId('picture').count()) === before_ + 2,
    'what was dropped',
  );
});

/** Uploads of `visitor` stop after `bytes`, until what this resolves to is called. */
function holdAfter(bytes) {
  let reached, release;
  const there = new Promise((resolve) => (reached = resolve));
  const free = new Promise((resolve) => (release = resolve));
  proxy.interrupt([[bytes, () => (reached(), free)]]);
  return { there, release };
}

test('paused and gone on with', async () => {
  const bytes = randomBytes(3_000_000);
  const patches = [];
  visitor.on('request', (request) => {
    if (request.method() === 'PATCH') patches.push(Number(request.headers()['upload-offset']));
  });
  const { there, release } = holdAfter(1_500_000);
  await pick(visitor, ['film.bin', 'video/x-test', bytes]);
  await there;
  const row = visitor.getByTestId('upload');
  await browser.shot(visitor, 'visitor-sending');
  assert.equal(await row.getByRole('progressbar', { name: 'film.bin' }).count(), 1);
  await visitor.getByRole('button', { name: 'Pause: film.bin' }).click();
  await row.getByTestId('upload-status').filter({ hasText: 'paused' }).waitFor();
  release();
  await browser.shot(visitor, 'visitor-paused');
  await visitor.getByRole('button', { name: 'Go on: film.bin' }).click();
  await row.waitFor({ state: 'detached' });
  const link = theirs().getByTestId('file-link').filter({ hasText: 'film.bin' });
  await link.waitFor();
  assert.equal(patches[0], 0);
  assert.ok(patches.at(-1) > 0, 'it went on where it was');
  const saved = agent.waitForEvent('download');
  await link.click();
  assert.ok(bytes.equals(readFileSync(await (await saved).path())));
});

/** What has been sent may still lie before the server. */
function hasBegun() {
  const growing = join(data, 'files', 'growing');
  return readdirSync(growing).some((name) => statSync(join(growing, name)).size > 0);
}

test('a reload, and kill -9 of the server, in the middle: it goes on, and is one message', async () => {
  const bytes = randomBytes(3_000_000);
  const patches = [];
  visitor.on('request', (request) => {
    if (request.method() === 'PATCH') patches.push(Number(request.headers()['upload-offset']));
  });
  const { there, release } = holdAfter(1_500_000);
  await pick(visitor, ['long.bin', 'application/x-test', bytes]);
  await there;
  await until(hasBegun, 'bytes that the server has kept');
  await server.kill();
  release();
  await visitor.getByTestId('upload-status').filter({ hasText: 'no connection' }).waitFor();
  await browser.shot(visitor, 'visitor-waiting');
  const held = holdAfter(500_000);
  await server.start();
  await held.there;
  const loaded = visitor.reload();
  held.release();
  await loaded;
  const link = visitor.getByTestId('file-link').filter({ hasText: 'long.bin' });
  await link.waitFor();
  await visitor.getByTestId('upload').waitFor({ state: 'detached' });
  assert.deepEqual(
    patches.filter((at) => at === 0).length,
    1,
    `begun once, then gone on with: ${patches}`,
  );
  await theirs().getByTestId('file-link').filter({ hasText: 'long.bin' }).waitFor();
  await visitor.reload();
  await link.waitFor();
  assert.equal(await link.count(), 1);
  const saved = visitor.waitForEvent('download');
  await link.click();
  assert.ok(bytes.equals(readFileSync(await (await saved).path())));
});

test('what can’t be sent says why, and may be tried again or given up', async () => {
  let status = 507;
  await visitor.route('**/files', (route) =>
    status === 0 ? route.fallback() : route.fulfill({ status, body: '' }),
  );
  await pick(visitor, ['big.iso', '', Buffer.from('0123456789')]);
  const row = visitor.getByTestId('upload');
  await row.getByTestId('upload-status').filter({ hasText: 'the server has no room' }).waitFor();
  await browser.shot(visitor, 'visitor-failed');
  status = 413;
  await visitor.getByRole('button', { name: 'Try again: big.iso' }).click();
  await row.getByTestId('upload-status').filter({ hasText: 'too large' }).waitFor();
  await visitor.getByRole('button', { name: 'Cancel: big.iso' }).click();
  await row.waitFor({ state: 'detached' });
  status = 0;
  await pick(visitor, ['small.iso', '', Buffer.from('0123456789')]);
  await visitor.getByTestId('file-link').filter({ hasText: 'small.iso 10 B' }).waitFor();
  await visitor.unroute('**/files');
});

test('a file that is checked first is not to be had before, and a refused one never', async () => {
  const hold = (name) => [name, 'text/plain', Buffer.from(`HOLD ${name}`)];
  const card = (where, name) => where.getByTestId('file').filter({ hasText: name });
  await pick(visitor, hold('wait.txt'));
  for (const where of [visitor, theirs()]) {
    await card(where, 'wait.txt').filter({ hasText: 'is being checked' }).waitFor();
    assert.equal(await card(where, 'wait.txt').getByTestId('file-link').count(), 0);
  }
  await browser.shot(visitor, 'visitor-checked');
  writeFileSync(fifo, '0\n');
  for (const where of [visitor, theirs()])
    await where.getByTestId('file-link').filter({ hasText: 'wait.txt' }).waitFor();
  await pick(visitor, hold('virus.txt'));
  await card(theirs(), 'virus.txt').filter({ hasText: 'is being checked' }).waitFor();
  writeFileSync(fifo, '1\n');
  for (const where of [visitor, theirs()]) {
    await card(where, 'virus.txt').filter({ hasText: 'refused' }).waitFor();
    assert.equal(await card(where, 'virus.txt').getByTestId('file-link').count(), 0);
  }
  await browser.shot(visitor, 'visitor-refused');
});

test('one’s own messages are taken back, and nobody else’s', async () => {
  await write(visitor, 'a slip of the tongue');
  const mine = messages(visitor).filter({ hasText: 'a slip of the tongue' });
  await theirs().getByTestId('body').filter({ hasText: 'a slip of the tongue' }).waitFor();
  const seen = messages(theirs()).filter({ hasText: 'a slip of the tongue' });
  assert.equal(await seen.getByTestId('recall').count(), 0);
  await mine.getByTestId('recall').click();
  for (const where of [visitor, theirs()]) {
    await where.getByTestId('body').filter({ hasText: 'a slip' }).waitFor({ state: 'detached' });
    await where.getByTestId('body').filter({ hasText: 'This message was taken back.' }).waitFor();
  }
  // A file too: its card goes.
  const mine_ = visitor.locator('.message.own').filter({ has: visitor.getByTestId('picture') });
  const picture = mine_.last();
  const count = await visitor.getByTestId('picture').count();
  await picture.getByTestId('recall').focus();
  await visitor.keyboard.press('Enter');
  for (const where of [visitor, theirs()])
    await until(async () => (await where.getByTestId('picture').count()) < count, 'it to go');
  await browser.shot(visitor, 'visitor-recalled');
});

test('a note takes no files', async () => {
  const mine = theirs();
  await mine.getByTestId('note-toggle').click();
  assert.ok(await mine.getByTestId('attach').isDisabled());
  const count = await messages(mine).count();
  await mine.getByTestId('text').evaluate((text) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File(['x'], 'secret.txt'));
    text.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
    );
  });
  await mine.getByTestId('file-problem').filter({ hasText: 'can’t go into notes' }).waitFor();
  await mine.getByTestId('note-toggle').click();
  assert.equal(await messages(mine).count(), count);
});

test('by keyboard alone', async () => {
  const chooser = visitor.waitForEvent('filechooser'); // early: the browser must know of it
  await visitor.getByTestId('text').focus();
  await visitor.keyboard.press('Shift+Tab');
  assert.equal(
    await visitor.evaluate(() => document.activeElement.getAttribute('aria-label')),
    'Send files',
  );
  await visitor.keyboard.press('Enter');
  await (
    await chooser
  ).setFiles([{ name: 'by-key.txt', mimeType: 'text/plain', buffer: Buffer.from('key') }]);
  const link = visitor.getByRole('link', { name: /Save the file by-key\.txt 3 B/ });
  await link.waitFor();
  await link.focus();
  const saved = visitor.waitForEvent('download');
  await visitor.keyboard.press('Enter');
  assert.equal(readFileSync(await (await saved).path(), 'utf8'), 'key');
});

test('in Chinese, in the dark, and on a phone', async () => {
  const device = await browser.device({ width: 390, height: 780, dark: true, language: 'zh-CN' });
  const page = await browser.tab(device, `${proxy.base}/visitor.html?id=lilei`);
  await online(page);
  await page.getByTestId('start').click();
  await write(page, '请看发票照片');
  await pick(page, ['发票.png', 'image/png', png(300, 200)]);
  await page.getByTestId('picture').waitFor();
  await pick(page, ['合同.pdf', 'application/pdf', randomBytes(2_345_678)]);
  await page.getByTestId('file-link').filter({ hasText: '合同.pdf 2.3 MB' }).waitFor();
  const { there, release } = holdAfter(600_000);
  await pick(page, [
    '一个名字特别特别特别特别特别特别长的视频文件.mp4',
    'video/mp4',
    randomBytes(1_500_000),
  ]);
  await there;
  assert.equal(await page.getByRole('button', { name: /^暂停/ }).count(), 1);
  await page.getByRole('button', { name: '撤回' }).first().waitFor();
  await browser.shot(page, 'visitor-dark-zh');
  release();
  await page.getByTestId('upload').waitFor({ state: 'detached' });
  await device.close();
});

test('nothing was asked of another host, and the console has nothing to say', () => {
  // What tests above have brought about; 409 and 423: the server is about to find out that the
  // connection of an upload is gone.
  const expected = /507|413|409|423|ERR_FAILED/;
  assert.deepEqual(
    browser.complaints.filter((text) => !expected.test(text)),
    [],
  );
});
