// Bad input to the real server, which is killed in the midst of it: each gets its status, nothing is
// left open, and nothing that is stored is harmed.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Peer } from '../ws/peer.mjs';
import { idOf, metadata, randomBytes, site } from './site.mjs';

const s = site();
const kUnfinished = 64; // limits::uploads_of_participant

/** Sends bytes as they are; resolves to what came until the server ended the connection. */
async function raw(text, { end = true } = {}) {
  const socket = connect(s.desk.port, '127.0.0.1');
  let answer = '';
  socket.on('data', (bytes) => (answer += bytes.toString('latin1')));
  socket.on('error', () => {});
  socket.write(text);
  if (end) socket.end();
  await once(socket, 'close');
  return answer;
}

const head = (method, path, fields) =>
  `${method} ${path} HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer ${s.token}\r\n` +
  Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('') +
  '\r\n';
const patch = (path, offset, length) =>
  head('PATCH', path, {
    'Content-Type': 'application/offset+octet-stream',
    'Upload-Offset': offset,
    'Content-Length': length,
  });
const offsetOf = async (path) => Number((await s.tus('HEAD', path)).headers.get('upload-offset'));

test('wrong offsets, and more than was announced', async () => {
  const path = (await s.create(1000)).headers.get('location');
  const part = randomBytes(400);
  assert.equal((await s.patch(path, 1, part)).status, 409);
  assert.equal((await s.patch(path, 0, part)).status, 204);
  assert.equal((await s.patch(path, 0, part)).status, 409);
  assert.equal((await s.patch(path, 800, part)).status, 409);
  assert.equal((await s.patch(path, 400, randomBytes(601))).status, 413);
  for (const at of ['-1', '4e2', '0x190', '99999999999999999999', ' ', '400, 400'])
    assert.equal((await s.patch(path, at, part)).status, 400, at);
  assert.equal(await offsetOf(path), 400);
  assert.equal((await s.create(2 ** 40)).status, 413);
  const rest = randomBytes(600);
  assert.equal((await s.patch(path, 400, rest)).status, 204);
  assert.ok(Buffer.concat([part, rest]).equals(await s.fetch(idOf(path))));
});

test('lies about Content-Length', async () => {
  const path = (await s.create(1000)).headers.get('location');
  // Less comes than was promised: what came is there, and no more.
  assert.equal(await raw(patch(path, 0, 1000) + 'x'.repeat(300)), '');
  let at = 0;
  while ((at = await offsetOf(path)) !== 300) assert.equal(at, 0);
  // More comes than was promised: the rest is no request.
  const answer = await raw(patch(path, 300, 100) + 'y'.repeat(500) + '\r\n\r\n');
  assert.match(answer, /^HTTP\/1\.1 204 .*\r\n\r\nHTTP\/1\.1 400 /s);
  assert.equal(await offsetOf(path), 400);
  // Two lengths, and a length beside chunks.
  const two = head('PATCH', path, {
    'Content-Type': 'application/offset+octet-stream',
    'Upload-Offset': 400,
    'Content-Length': '10\r\nContent-Length: 20',
  });
  assert.match(await raw(two + 'z'.repeat(20)), /^HTTP\/1\.1 400 /);
  const both = head('PATCH', path, {
    'Content-Type': 'application/offset+octet-stream',
    'Upload-Offset': 400,
    'Content-Length': 5,
    'Transfer-Encoding': 'chunked',
  });
  assert.match(await raw(both + '5\r\nzzzzz\r\n0\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assert.equal(await offsetOf(path), 400);
  await s.noneOpen();
});

test('lies about Content-Length in bodies that nobody sees', async () => {
  const bytes = randomBytes(900_000);
  const path = (await s.create(bytes.length)).headers.get('location');
  const send = async (offset, promised, sent, behind = '') => {
    const socket = connect(s.desk.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (part) => (answer += part.toString('latin1')));
    socket.on('error', () => {});
    const closed = once(socket, 'close');
    socket.write(patch(path, offset, promised));
    await new Promise((resolve) => setTimeout(resolve, 20)); // so that it is waited for
    socket.write(bytes.subarray(offset, offset + sent));
    socket.end(behind);
    await closed;
    return answer;
  };
  assert.equal(await send(0, 900_000, 300_000), '');
  while (s.openFiles().length !== 0);
  assert.equal(await offsetOf(path), 300_000);
  // The rest of what comes is the next request, wherever it stands.
  const next = head('HEAD', path, { Connection: 'close' });
  const answer = await send(300_000, 400_000, 400_000, next);
  assert.match(answer, /^HTTP\/1\.1 204 .*HTTP\/1\.1 200 .*Upload-Offset: 700000\r\n/s);
  assert.match(await send(700_000, 100_000, 200_000), /^HTTP\/1\.1 204 .*HTTP\/1\.1 400 /s);
  assert.equal(await offsetOf(path), 800_000);
  assert.match(await send(800_000, 100_001, 100_000), /^HTTP\/1\.1 413 /);
  assert.match(await send(800_000, 100_000, 100_000), /^HTTP\/1\.1 204 /);
  assert.ok(bytes.equals(await s.fetch(idOf(path))));
  await s.noneOpen();
});

test('a slow body holds up nobody, and what came of it stays', async () => {
  const path = (await s.create(1000)).headers.get('location');
  const slow = connect(s.desk.port, '127.0.0.1');
  slow.on('error', () => {});
  slow.write(patch(path, 0, 1000));
  for (let i = 0; i < 5; ++i) {
    slow.write('x');
    const bytes = randomBytes(100_000);
    assert.ok(bytes.equals(await s.fetch(await s.put(bytes))));
  }
  // Nobody else writes to it meanwhile.
  assert.equal((await s.patch(path, 0, 'y')).status, 423);
  slow.resetAndDestroy();
  while ((await offsetOf(path)) === 0);
  assert.equal(await offsetOf(path), 5);
  await s.noneOpen();
});

test('names are told, and never paths', async () => {
  const names = [
    '../../../etc/cron.d/x',
    '/etc/passwd',
    '..\\..\\boot.ini',
    '.',
    '..',
    'a/b/c',
    'CON',
    '%2e%2e%2f',
    '‮gnp.exe',
  ];
  for (const name of names) {
    const id = await s.put(Buffer.from(name), { name });
    assert.equal((await s.look(id)).name, name);
    const answer = await fetch((await s.look(id)).url);
    assert.equal(await answer.text(), name);
    assert.doesNotMatch(answer.headers.get('content-disposition'), /filename="[^"]*[/\\]/);
  }
  for (const name of ['a\nb', 'a\0b', 'a\x7fb', 'x'.repeat(256)])
    assert.ok([400, 413].includes((await s.create(1, { name })).status), JSON.stringify(name));
  for (const type of [
    'text/html',
    'image/svg+xml',
    'text/html; charset=utf-8',
    'image/png\r\nX: y',
  ]) {
    const created = await s.create(1, { type });
    if (created.status !== 201) continue;
    const path = created.headers.get('location');
    assert.equal((await s.patch(path, 0, 'x')).status, 204);
    const answer = await fetch((await s.look(idOf(path))).url);
    assert.equal(answer.headers.get('content-type'), 'application/octet-stream', type);
    assert.match(answer.headers.get('content-disposition'), /^attachment/);
  }
  for (const path of [
    '/files/..%2f..%2fetc%2fpasswd',
    '/files/../helpdesk.db',
    '/files//etc/passwd',
    '/files/%00',
  ])
    assert.match(await raw(head('HEAD', path, {})), /^HTTP\/1\.1 (400|404) /, path);
  const folder = join(s.desk.data, 'files');
  const allowed = /^[0-9a-f-]{36}$/;
  for (const part of ['about', 'growing', 'committed', 'kept'])
    for (const name of readdirSync(join(folder, part))) assert.match(name, allowed);
  assert.equal(existsSync('/etc/cron.d/x'), false);
});

test('thousands of uploads that nobody finishes, and kill -9 in the midst of them', async () => {
  const kept = randomBytes(50_000);
  const id = await s.put(kept);
  // Many visitors, each with as many as one may have.
  const people = Array.from({ length: 20 }, (_, i) => `crowd-${i}`);
  const crowd = await Promise.all(
    people.map(async (name) => {
      const peer = await new Peer(s.desk, 'visitor', name).begin();
      const { id: conversation } = await peer.open();
      await peer.leave();
      return { conversation, token: peer.token };
    }),
  );
  const begin = ({ conversation, token }, size = 10) =>
    s.tus('POST', '/files', {
      Authorization: `Bearer ${token}`,
      'Upload-Length': String(size),
      'Upload-Metadata': metadata({ conversation }),
    });
  let made = 0;
  const fillUp = async (one) => {
    for (let i = 0; i < kUnfinished; ++i) {
      assert.equal((await begin(one)).status, 201);
      ++made;
    }
    const more = await begin(one);
    assert.equal(more.status, 429);
    assert.equal(more.headers.get('retry-after'), '10');
  };
  await Promise.all(crowd.slice(0, 19).map(fillUp));
  assert.equal(made, 19 * kUnfinished);
  await s.noneOpen();
  const last = fillUp(crowd[19]).then(
    () => assert.fail('it was killed'),
    () => {},
  );
  while (made < 19 * kUnfinished + 10) await new Promise((resolve) => setImmediate(resolve));
  await s.desk.kill();
  await last;
  await s.desk.up();
  assert.equal((await begin(crowd[0])).status, 429, 'they count still');
  assert.ok(kept.equals(await s.fetch(id)));
  const other = randomBytes(50_000);
  assert.ok(other.equals(await s.fetch(await s.put(other))), 'everybody else goes on');
  await s.noneOpen();
});
