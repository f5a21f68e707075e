// The help desk within the bounds of its systemd unit, and before peers that never finish what they
// began to say.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fixture, sanitized } from './fixture.mjs';
import { Helpdesk } from './helpdesk.mjs';
import { Peer } from './peer.mjs';
import { Receiver, secretFile } from './receiver.mjs';

const kPatience = 60_000; // ms: a bound for what never comes
const folder = mkdtempSync(join(tmpdir(), 'kefu-sandbox-'));
const receiver = await new Receiver().up();
const t = fixture();
after(() => {
  rmSync(folder, { recursive: true });
  rmSync(secretFile);
  return receiver.down();
});

/** The calls that the unit's SystemCallFilter allows. Throws where nobody can say. */
function allowedCalls() {
  const unit = new URL('../../../examples/helpdesk/deploy/helpdesk.service', import.meta.url);
  const filter = /^SystemCallFilter=(.+)$/m.exec(readFileSync(unit, 'utf8'))[1];
  const { stdout, error } = spawnSync('systemd-analyze', ['syscall-filter', '--no-pager'], {
    encoding: 'utf8',
  });
  if (error) throw error;
  const sets = new Map();
  let set = null;
  for (const line of stdout.split('\n')) {
    if (line.startsWith('@')) sets.set(line.trim(), (set = []));
    else if (/^ +[a-z_@]/.test(line)) set?.push(line.trim());
  }
  const expand = (name) => (sets.has(name) ? sets.get(name).flatMap(expand) : [name]);
  return [...new Set([...expand('@default'), ...filter.split(' ').flatMap(expand)])];
}

/** Why no program can be held to them here, or ''. */
function obstacle() {
  if (sanitized) return 'a sanitizer makes calls of its own';
  try {
    writeFileSync(join(folder, 'calls'), allowedCalls().join('\n'));
  } catch (error) {
    return `systemd-analyze: ${error.message}`;
  }
  const tried = spawnSync('python3', [...filter, '/bin/true'], { encoding: 'utf8' });
  return tried.status === 0 ? '' : `no filter: ${tried.error?.message ?? tried.stderr}`;
}
const filter = [fileURLToPath(new URL('filtered.py', import.meta.url)), join(folder, 'calls')];

test('a day’s work needs no system call that its unit forbids', async (context) => {
  const why = obstacle();
  if (why) return context.skip(why);
  const hook = `http://localhost:${receiver.port}/hook?of=kefu`;
  const desk = await Helpdesk.start({
    wrap: () => ['python3', ...filter],
    options: [
      ...['--routing', 'pick', '--files', '--metrics', '--api'],
      ...['--audit', join(folder, 'audit'), '--webhook', hook],
      ...['--webhook-secret-file', secretFile, '--webhook-allow-private'],
    ],
  });
  const [visitor, agent] = [new Peer(desk, 'visitor', 'v'), new Peer(desk, 'agent', 'a')];
  await Promise.all([visitor.begin(), agent.begin()]);
  const { id } = await visitor.open();
  await agent.accept(id);
  await agent.reach(id, 2);
  await visitor.say(id, 'hello');
  await agent.reach(id, 3);
  await receiver.until(
    () => receiver.seen.some(({ data }) => data.conversation === id && data.body === 'hello'),
    'the webhook',
  );

  // A file, up and down again.
  const bytes = Buffer.alloc(300_000, 'teapot ');
  const headers = { authorization: `Bearer ${visitor.token}`, 'tus-resumable': '1.0.0' };
  const base64 = (text) => Buffer.from(text).toString('base64');
  const created = await fetch(`${desk.pages}/files`, {
    method: 'POST',
    headers: {
      ...headers,
      'upload-length': String(bytes.length),
      'upload-metadata': `conversation ${base64(id)},filename ${base64('a.txt')},filetype ${base64('text/plain')}`,
    },
  });
  assert.equal(created.status, 201, await created.text());
  const place = new URL(created.headers.get('location'), desk.pages);
  const sent = await fetch(place, {
    method: 'PATCH',
    headers: {
      ...headers,
      'upload-offset': '0',
      'content-type': 'application/offset+octet-stream',
    },
    body: bytes,
  });
  assert.equal(sent.status, 204, await sent.text());
  const asked = await fetch(`${place}/url`, { headers });
  const { url } = await asked.json();
  const got = await fetch(new URL(url, desk.pages));
  assert.deepEqual(Buffer.from(await got.arrayBuffer()), bytes);

  for (const path of ['/metrics', '/readyz', '/visitor.html', '/api/openapi.json'])
    assert.equal((await fetch(desk.pages + path)).status, 200, path);
  process.kill(desk.pid, 'SIGHUP');
  await desk.until('secrets reloaded');
  for (const peer of [visitor, agent]) await peer.cut();
  assert.deepEqual(await desk.stop(), { code: 0, signal: null });
  await desk.remove();
  return undefined;
});

test('the filter itself kills', (context) => {
  const why = obstacle();
  if (why) return context.skip(why);
  const code = 'import ctypes; ctypes.CDLL(None).swapoff(b"/none")';
  const { signal } = spawnSync('python3', [...filter, '/usr/bin/python3', '-c', code]);
  assert.equal(signal, 'SIGSYS');
  return undefined;
});

test('hundreds of half-sent heads are cut in time, cost little, and hold up nobody', async (context) => {
  const kSlow = 500;
  const { visitor, agent, id } = await t.pair();
  const before = t.desk.memory;
  let closed = 0;
  let done;
  const all = new Promise((resolve) => (done = resolve));
  const sockets = await Promise.all(
    Array.from(
      { length: kSlow },
      (_, i) =>
        new Promise((resolve) => {
          const socket = connect(t.desk.port, '127.0.0.1', () => {
            // Each stops somewhere else, in a request or before an upgrade.
            const head = `GET /ws HTTP/1.1\r\nHost: slow\r\nUpgrade: websocket\r\nX-Slow: ${'x'.repeat(i)}`;
            socket.write(head.slice(0, 1 + ((i * 37) % head.length)));
            resolve(socket);
          });
          socket.on('error', () => {});
          socket.on('data', () => {});
          socket.on('close', () => {
            resolve(socket);
            if (++closed === kSlow) done();
          });
        }),
    ),
  );
  // They go on, a letter at a time, and never end.
  const drip = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('x');
  }, 500);
  context.after(() => {
    clearInterval(drip);
    for (const socket of sockets) socket.destroy();
  });
  for (let i = 0; i < 20; ++i) await visitor.say(id, `meanwhile ${i}`);
  await agent.reach(id, 22);
  if (!sanitized) assert.ok(t.desk.memory - before < kSlow * 32 * 1024, `${t.desk.memory - before}`);

  const late = setTimeout(() => done(new Error(`${kSlow - closed} were never closed`)), kPatience);
  const error = await all;
  clearTimeout(late);
  if (error) throw error;
  await visitor.say(id, 'and afterwards');
  await agent.reach(id, 23);
});
