// tus-js-client and Uppy in Chromium, on a page of another origin, over a network that breaks, a
// server that is killed, and reloads of the page.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser } from '../../browser/harness.mjs';
import { servePage } from './bundle.mjs';
import { idOf, places, random, randomBytes, site } from './site.mjs';

const s = site();
const SIZE = 3_000_000;
const bytes = randomBytes(SIZE);
const shots = mkdtempSync(join(tmpdir(), 'kefu-uploads-'));
const browser = new Browser(shots);
let origin, device, page;

before(async () => {
  origin = await servePage({ 'photo.bin': bytes });
  await browser.start();
  device = await browser.device();
  page = await browser.tab(device, `${origin.base}/`);
});
after(async () => {
  await browser.stop();
  origin.close();
  rmSync(shots, { recursive: true, force: true });
});

const setting = (name) => ({
  name,
  endpoint: s.endpoint,
  headers: s.headers,
  conversation: s.conversation,
});

/** In the page; resolves to the upload's address, or never when the page goes first. */
async function withTus({ name, endpoint, headers, conversation }) {
  const content = await (await fetch('/photo.bin')).arrayBuffer();
  const file = new File([content], name, { type: 'image/x-test', lastModified: 1 });
  window.patches = [];
  const upload = await new Promise((resolve, reject) => {
    const one = new window.tus.Upload(file, {
      endpoint,
      headers,
      metadata: { conversation, filename: name, filetype: file.type },
      retryDelays: Array.from({ length: 200 }, () => 20),
      onBeforeRequest: (request) => {
        if (request.getMethod() === 'PATCH')
          window.patches.push(Number(request.getHeader('Upload-Offset')));
      },
      onSuccess: () => resolve(one),
      onError: reject,
    });
    one.findPreviousUploads().then((previous) => {
      if (previous.length > 0) one.resumeFromPreviousUpload(previous[0]);
      one.start();
    });
  });
  return { url: upload.url, patches: window.patches };
}

/** The same with Uppy. */
async function withUppy({ name, endpoint, headers, conversation }) {
  const content = await (await fetch('/photo.bin')).arrayBuffer();
  window.patches = [];
  const uppy = new window.Uppy({ meta: { conversation } });
  uppy.use(window.UppyTus, {
    endpoint,
    headers,
    retryDelays: Array.from({ length: 200 }, () => 20),
    onBeforeRequest: (request) => {
      if (request.getMethod() === 'PATCH')
        window.patches.push(Number(request.getHeader('Upload-Offset')));
    },
  });
  const file = new File([content], name, { type: 'image/x-test', lastModified: 1 });
  uppy.addFile({
    name,
    type: file.type,
    data: file,
    meta: { filename: name, filetype: file.type },
  });
  const { successful, failed } = await uppy.upload();
  if (failed.length > 0) throw new Error(String(failed[0].error));
  return { url: successful[0].uploadURL, patches: window.patches };
}

async function arrived({ url, patches }) {
  assert.ok(s.proxy.finished, 'all interruptions took place');
  assert.deepEqual(
    patches,
    [...patches].sort((a, b) => a - b),
    'nothing went backwards',
  );
  assert.ok(patches.at(-1) > 0, 'nothing began anew');
  assert.ok(bytes.equals(await s.fetch(idOf(url))), 'the bytes are equal');
}

for (const [name, send] of [
  ['tus-js-client', withTus],
  ['Uppy', withUppy],
]) {
  test(`${name}: sockets that are killed, and kill -9 of the server`, async () => {
    s.proxy.interrupt([...places(4, SIZE / 2), ...places(2, SIZE / 2, s.kill)]);
    await arrived(await page.evaluate(send, setting(`${name}-cut.bin`)));
  });

  test(`${name}: a page that is loaded anew goes on`, async () => {
    let reached;
    const there = new Promise((resolve) => (reached = resolve));
    // Nothing goes through until the page has gone.
    const reloaded = new Promise((resolve) => page.once('framenavigated', resolve));
    s.proxy.interrupt([
      [
        1_000_000 + random.below(1_000_000),
        () => {
          reached();
          return reloaded;
        },
      ],
    ]);
    const gone = page.evaluate(send, setting(`${name}-reload.bin`)).catch(() => 'gone');
    await there;
    await page.reload();
    assert.equal(await gone, 'gone');
    await arrived(await page.evaluate(send, setting(`${name}-reload.bin`)));
  });
}
