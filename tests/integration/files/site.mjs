// The server with files, and a visitor's conversation to send them to.

import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { after, before, beforeEach } from 'node:test';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Helpdesk } from '../ws/helpdesk.mjs';
import { Peer } from '../ws/peer.mjs';
import { Random } from '../ws/random.mjs';
import { Proxy } from './proxy.mjs';

export const random = new Random();
console.log(`KEFU_SEED=${random.seed}`);

/** A server for the tests of a file; it has the same port whenever it is started again. */
export function site({ way = 'up', options = [], wrap } = {}) {
  const s = {
    desk: null,
    proxy: null,
    conversation: null,
    get token() {
      return s.desk.token('visitor', 'alice');
    },
    get headers() {
      return { Authorization: `Bearer ${s.token}` };
    },
    get endpoint() {
      return `${s.proxy.base}/files`;
    },
    get base() {
      return `http://127.0.0.1:${s.desk.port}`;
    },

    /** Resolves when all is there. Hooks of one file may run at once: any may ask for it. */
    ready() {
      s.starting ??= begin();
      return s.starting;
    },
    starting: null,

    /** What the server says of a file, with its address. */
    async look(id, base = s.base) {
      const answer = await fetch(`${base}/files/${id}/url`, { headers: s.headers });
      assert.equal(answer.status, 200);
      const about = await answer.json();
      return { ...about, url: about.url && base + about.url };
    },
    async fetch(id) {
      const answer = await fetch((await s.look(id)).url);
      assert.equal(answer.status, 200);
      return Buffer.from(await answer.arrayBuffer());
    },

    /** A request of tus, said by hand: {status, headers}. */
    async tus(method, path, headers = {}, body = undefined) {
      const answer = await fetch(s.base + path, {
        method,
        headers: { 'Tus-Resumable': '1.0.0', ...s.headers, ...headers },
        body,
      });
      await answer.arrayBuffer();
      return answer;
    },
    create(size, { name = 'a.bin', type = 'application/octet-stream' } = {}) {
      return s.tus('POST', '/files', {
        'Upload-Length': String(size),
        'Upload-Metadata': metadata({
          conversation: s.conversation,
          filename: name,
          filetype: type,
        }),
      });
    },
    patch(path, offset, body, headers = {}) {
      const type = { 'Content-Type': 'application/offset+octet-stream' };
      return s.tus('PATCH', path, { ...type, 'Upload-Offset': String(offset), ...headers }, body);
    },
    /** A whole file; resolves to its id. */
    async put(bytes, about) {
      const created = await s.create(bytes.length, about);
      assert.equal(created.status, 201);
      const path = created.headers.get('location');
      assert.equal((await s.patch(path, 0, bytes)).status, 204);
      return path.split('/').at(-1);
    },

    /**
     * Kills the server once something has come since it was killed last, and starts it again, which
     * is not waited for.
     */
    async kill() {
      const folder = join(s.desk.data, 'files', 'growing');
      const size = () =>
        readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
      while (size() === s.killedAt) await new Promise((resolve) => setImmediate(resolve));
      await s.desk.kill();
      s.killedAt = size();
      s.desk.up();
    },
    killedAt: 0,

    /** The files that the server has open. */
    openFiles() {
      const folder = `/proc/${s.desk.pid}/fd`;
      return readdirSync(folder)
        .map((name) => {
          try {
            return readlinkSync(`${folder}/${name}`);
          } catch {
            return ''; // closed meanwhile
          }
        })
        .filter((path) => /\/files\/(growing|committed|kept)\//.test(path));
    },
    /** Resolves once none is open: of what was committed a digest may still be under way. */
    async noneOpen() {
      const end = Date.now() + 10_000;
      while (s.openFiles().length > 0 && Date.now() < end)
        await new Promise((resolve) => setTimeout(resolve, 5));
      assert.deepEqual(s.openFiles(), []);
    },
  };
  async function begin() {
    s.desk = await Helpdesk.start({
      fixed: true,
      options: ['--files', '--routing', 'pick', ...options],
      wrap,
    });
    s.proxy = await Proxy.start(s.desk.port, way);
    const alice = new Peer(s.desk, 'visitor', 'alice');
    await alice.begin();
    s.conversation = (await alice.open()).id;
    await alice.leave();
    assert.deepEqual(alice.violations, []);
  }
  before(() => s.ready());
  beforeEach(() => s.desk.up());
  after(async () => {
    s.proxy?.close();
    await s.desk?.remove();
  });
  return s;
}

/** Bytes that a seed determines, many of them quickly. */
export function randomBytes(size) {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(random.below(2 ** 32));
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

export function metadata(values) {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',');
}

export function idOf(url) {
  return url.split('/').at(-1);
}

const HEADS = 10_000; // bytes, more than the heads of a few requests

/** Where to interrupt a transfer of `size` bytes: `count` places, all before its end. */
export function places(count, size, action) {
  const part = Math.floor(size / count);
  return Array.from({ length: count }, () => [HEADS + random.below(part - HEADS), action]);
}
