// tus-js-client in Node, over a network that breaks and a server that is killed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireFrom } from '../ws/packages.mjs';
import { idOf, places, random, randomBytes, site } from './site.mjs';

const tus = requireFrom('tus-js-client');
const s = site();
const SIZE = 3_000_000;

/** Where a client remembers its uploads. */
class UrlStorage {
  #uploads = new Map();

  async findAllUploads() {
    return [...this.#uploads.values()];
  }
  async findUploadsByFingerprint(fingerprint) {
    return (await this.findAllUploads()).filter((one) => one.fingerprint === fingerprint);
  }
  async addUpload(fingerprint, upload) {
    const urlStorageKey = `${fingerprint}/${this.#uploads.size}`;
    this.#uploads.set(urlStorageKey, { ...upload, fingerprint, urlStorageKey });
    return urlStorageKey;
  }
  async removeUpload(key) {
    this.#uploads.delete(key);
  }
}

/** An upload with notes of where its requests began, and of where the server said it had got to. */
function upload(bytes, options = {}) {
  const notes = { heads: [], patches: [] };
  let one;
  const done = new Promise((resolve, reject) => {
    one = new tus.Upload(bytes, {
      endpoint: s.endpoint,
      headers: s.headers,
      metadata: { conversation: s.conversation, filename: 'a 文件.bin', filetype: 'text/plain' },
      retryDelays: Array.from({ length: 200 }, () => 20),
      storeFingerprintForResuming: false,
      onBeforeRequest: (request) => {
        if (request.getMethod() === 'PATCH')
          notes.patches.push(Number(request.getHeader('Upload-Offset')));
      },
      onAfterResponse: (request, response) => {
        if (request.getMethod() === 'HEAD' && response.getStatus() === 200)
          notes.heads.push(Number(response.getHeader('Upload-Offset')));
      },
      onSuccess: () => resolve(idOf(one.url)),
      onError: reject,
      ...options,
    });
  });
  return { one, done, notes };
}

/** Each went on where the server said that it had got to, and that was never before. */
function wentOn({ heads, patches }) {
  for (const at of patches.slice(1)) assert.ok(heads.includes(at), `a request from ${at}`);
  const sorted = [...patches].sort((a, b) => a - b);
  assert.deepEqual(patches, sorted, 'nothing went backwards');
  assert.ok(patches.at(-1) > 0, 'nothing began anew');
}

test('sockets that are killed at random', async () => {
  const bytes = randomBytes(SIZE);
  s.proxy.interrupt(places(8, SIZE));
  const { one, done, notes } = upload(bytes);
  one.start();
  const id = await done;
  assert.ok(s.proxy.finished);
  wentOn(notes);
  assert.ok(bytes.equals(await s.fetch(id)));
  const { name, type, size } = await s.look(id);
  assert.deepEqual({ name, type, size }, { name: 'a 文件.bin', type: 'text/plain', size: SIZE });
});

test('a server that is killed with kill -9 at random', async () => {
  const bytes = randomBytes(SIZE);
  s.proxy.interrupt(places(4, SIZE, s.kill));
  const { one, done, notes } = upload(bytes);
  one.start();
  const id = await done;
  assert.ok(s.proxy.finished);
  wentOn(notes);
  assert.ok(bytes.equals(await s.fetch(id)));
  await s.desk.kill();
  await s.desk.up();
  assert.ok(bytes.equals(await s.fetch(id)), 'what was acknowledged is there after kill -9');
});

test('many at once, in chunks, over both', async () => {
  const all = Array.from({ length: 6 }, () => randomBytes(500_000));
  s.proxy.interrupt([...places(4, 1_500_000), ...places(1, 500_000, s.kill)]);
  const uploads = all.map((bytes) => upload(bytes, { chunkSize: 120_000 }));
  for (const { one } of uploads) one.start();
  const ids = await Promise.all(uploads.map(({ done }) => done));
  assert.ok(s.proxy.finished);
  for (const [i, id] of ids.entries()) assert.ok(all[i].equals(await s.fetch(id)));
});

test('another client goes on with what the first one began', async () => {
  const bytes = randomBytes(SIZE);
  const urlStorage = new UrlStorage();
  const options = {
    urlStorage,
    storeFingerprintForResuming: true,
    fingerprint: () => Promise.resolve('the same file'),
  };
  const first = upload(bytes, { ...options, retryDelays: null });
  s.proxy.interrupt([[1_000_000 + random.below(1_000_000)]]);
  first.one.start();
  await assert.rejects(first.done);
  const second = upload(bytes, options);
  const previous = await second.one.findPreviousUploads();
  assert.equal(previous.length, 1);
  second.one.resumeFromPreviousUpload(previous[0]);
  second.one.start();
  const id = await second.done;
  assert.ok(second.notes.patches.at(-1) > 0); // before it, the server may still be at the first one's
  assert.ok(bytes.equals(await s.fetch(id)));
});

test('paused, and ended by its uploader', async () => {
  const bytes = randomBytes(SIZE);
  const { one, done } = upload(bytes, { chunkSize: 100_000 });
  await new Promise((resolve) => {
    one.options.onChunkComplete = (_, offset) => offset >= 1_000_000 && resolve();
    one.start();
  });
  await one.abort();
  const at = await s.tus('HEAD', new URL(one.url).pathname);
  assert.ok(Number(at.headers.get('upload-offset')) >= 1_000_000);
  one.start();
  assert.ok(bytes.equals(await s.fetch(await done)));

  const other = upload(bytes, { chunkSize: 100_000 });
  await new Promise((resolve) => {
    other.one.options.onChunkComplete = resolve;
    other.one.start();
  });
  await other.one.abort(true);
  assert.equal((await s.tus('HEAD', new URL(other.one.url).pathname)).status, 404);
  await s.noneOpen();
});

test('files of no bytes, and of one', async () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('x')]) {
    const { one, done } = upload(bytes);
    one.start();
    assert.ok(bytes.equals(await s.fetch(await done)));
  }
});

test('the bytes with the creation', async () => {
  const bytes = randomBytes(200_000);
  const { one, done } = upload(bytes, { uploadDataDuringCreation: true });
  one.start();
  assert.ok(bytes.equals(await s.fetch(await done)));
});
