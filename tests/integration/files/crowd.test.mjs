// Hundreds of transfers at once on the real server: what each holds in memory, what is left of
// those that leave, and kill -9 in the midst of them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Peer } from '../ws/peer.mjs';
import { idOf, metadata, random, randomBytes, site } from './site.mjs';

const s = site();
const UPLOADS = 300;
const DOWNLOADS = 100;
const UPLOAD = 400_000; // bytes
const DOWNLOAD = 16_000_000; // more than the system holds of a connection
const MOST = 64; // KiB of the server's memory a transfer

const tick = () => new Promise((resolve) => setImmediate(resolve));
const rss = () =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${s.desk.pid}/status`, 'latin1'))[1]);
const descriptors = () => readdirSync(`/proc/${s.desk.pid}/fd`).length;
const arrived = (id) => statSync(join(s.desk.data, 'files', 'growing', id)).size;

/** People with a conversation each, for nobody may have so many uploads. */
async function crowd(count) {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const peer = await new Peer(s.desk, 'visitor', `crowd-${i}`).begin();
      const { id: conversation } = await peer.open();
      await peer.leave();
      return { conversation, token: peer.token };
    }),
  );
}

async function begin({ conversation, token }, bytes) {
  const headers = { Authorization: `Bearer ${token}` };
  const created = await s.tus('POST', '/files', {
    ...headers,
    'Upload-Length': String(bytes.length),
    'Upload-Metadata': metadata({ conversation }),
  });
  assert.equal(created.status, 201);
  const path = created.headers.get('location');
  return { path, id: idOf(path), headers, bytes };
}

/** An upload of which `part` bytes are sent, and the rest when it is asked for. */
function start(upload, part) {
  const socket = connect(s.desk.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `PATCH ${upload.path} HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\n` +
      `Authorization: ${upload.headers.Authorization}\r\nUpload-Offset: 0\r\n` +
      `Content-Type: application/offset+octet-stream\r\nContent-Length: ${
        upload.bytes.length
      }\r\n\r\n`,
  );
  socket.write(upload.bytes.subarray(0, part));
  return Object.assign(upload, { socket, part });
}

async function finish({ socket, bytes, part }) {
  socket.end(bytes.subarray(part));
  let answer = '';
  for await (const text of socket) answer += text.toString('latin1');
  assert.match(answer, /^HTTP\/1\.1 204 /);
}

/** Goes on where the server says that it has got to, which is where its file has. */
async function resume({ path, id, headers, bytes }) {
  const head = await s.tus('HEAD', path, headers);
  const offset = Number(head.headers.get('upload-offset'));
  assert.equal(offset, arrived(id));
  const answer = await s.tus(
    'PATCH',
    path,
    { ...headers, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': `${offset}` },
    bytes.subarray(offset),
  );
  assert.equal(answer.status, 204);
  return offset;
}

async function check({ id, headers, bytes }) {
  const { url } = await (await fetch(`${s.base}/files/${id}/url`, { headers })).json();
  assert.ok(bytes.equals(Buffer.from(await (await fetch(s.base + url)).arrayBuffer())));
}

async function startDownload(url) {
  const socket = connect(s.desk.port, '127.0.0.1');
  const { pathname, search } = new URL(url);
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  await once(socket, 'connect');
  return socket; // nobody reads it yet
}

async function readAll(socket, bytes) {
  let head = Buffer.alloc(0);
  let at = -1;
  for await (let part of socket) {
    if (at < 0) {
      head = Buffer.concat([head, part]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) continue;
      part = head.subarray(end + 4);
      at = 0;
    }
    assert.ok(part.equals(bytes.subarray(at, at + part.length)), `the bytes from ${at}`);
    at += part.length;
  }
  assert.equal(at, bytes.length);
}

test('hundreds at once', async () => {
  const big = randomBytes(DOWNLOAD);
  const { url } = await s.look(await s.put(big)); // and the loop's buffers are there
  await s.put(randomBytes(UPLOAD));
  const people = await crowd(6);
  const uploads = [];
  for (let i = 0; i < UPLOADS; ++i)
    uploads.push(await begin(people[i % people.length], randomBytes(UPLOAD)));
  const before = { rss: rss(), descriptors: descriptors() };

  const downloads = [];
  for (let i = 0; i < DOWNLOADS; ++i) downloads.push(await startDownload(url));
  for (const upload of uploads) start(upload, 10_000 + random.below(UPLOAD - 20_000));
  for (const { id, part } of uploads) while (arrived(id) !== part) await tick();
  while (s.openFiles().length !== UPLOADS + DOWNLOADS) await tick();
  const each = (rss() - before.rss) / (UPLOADS + DOWNLOADS);
  console.log(`${UPLOADS} uploads and ${DOWNLOADS} downloads: ${each.toFixed(1)} KiB each`);
  assert.ok(each <= MOST);
  const most = before.descriptors + 2 * (UPLOADS + DOWNLOADS) + 2; // a socket and a file, and a pipe
  assert.ok(descriptors() <= most, `${descriptors()} descriptors`);

  // Some leave, some go on, and all others see the server killed.
  const leaving = uploads.slice(0, 100);
  const staying = uploads.slice(100, 200);
  const killed = uploads.slice(200);
  for (const { socket } of leaving) socket.resetAndDestroy();
  await Promise.all([
    ...staying.map(finish),
    ...downloads.map((socket) => readAll(socket, big)),
  ]);
  while (s.openFiles().length > killed.length) await tick(); // who sends nothing is cut after a while
  for (const upload of leaving) assert.equal(await resume(upload), upload.part);
  await s.desk.kill();
  await s.desk.up();
  for (const upload of killed) assert.equal(await resume(upload), upload.part);
  for (const upload of uploads) await check(upload);
  await s.noneOpen();
});

test('nothing is left of those who leave at any moment', async () => {
  const [one] = await crowd(1);
  await s.put(randomBytes(UPLOAD));
  const before = descriptors();
  const bytes = randomBytes(4_000_000);
  const upload = await begin(one, bytes);
  for (let i = 0; i < 40; ++i) {
    start(upload, random.below(bytes.length));
    for (let turns = random.below(20); turns > 0; --turns) await tick();
    upload.socket.resetAndDestroy();
    // It may still be at the last one's.
    while (s.openFiles().length !== 0) await tick();
  }
  const others = [];
  for (let i = 0; i < 20; ++i) others.push(await begin(one, randomBytes(UPLOAD)));
  for (const other of others) start(other, UPLOAD);
  await Promise.all(others.map(finish));
  for (const other of others) await check(other);
  await resume(upload);
  await check(upload);
  await s.noneOpen();
  while (descriptors() > before + 4) await tick(); // fetch() keeps connections, and the server a pipe
});
