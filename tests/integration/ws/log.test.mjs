// What helpdesk logs: lines of JSON, and never a token, a secret or a message; and the trace of a
// message, which goes from its frame to the webhook's request.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { KefuClient, MemoryStorage } from '../../../examples/helpdesk/web/kefu-client.js';
import { Backend } from './backend.mjs';
import { fixture } from './fixture.mjs';
import { requireFrom } from './packages.mjs';
import { Receiver, secretFile } from './receiver.mjs';

const { WebSocket } = requireFrom('ws');
const folder = mkdtempSync(join(tmpdir(), 'kefu-log-'));
const keywords = join(folder, 'keywords');
writeFileSync(keywords, 'flag teapot\n');
const receiver = await new Receiver().up();
const hook = ['--webhook', `http://localhost:${receiver.port}/hook?of=kefu`, '--webhook-allow-private'];
const t = fixture({
  options: [
    ...['--routing', 'pick', '--log-format', 'json', '--log-level', 'debug', '--api', '--metrics'],
    ...['--keywords', keywords, '--webhook-secret-file', secretFile, ...hook],
  ],
});
after(() => {
  rmSync(secretFile);
  rmSync(folder, { recursive: true });
  return receiver.down();
});

const kTrace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const of = (id, text) => receiver.seen.find(({ data }) => data.conversation === id && data.body === text);

test('a traceparent goes from a frame to the webhook, and nowhere else', async () => {
  const { visitor, agent, id } = await t.pair();
  const other = kTrace.replace('-01', '-00');
  const say = async (body, traceparent) => {
    await visitor.say(id, body, { traceparent });
    return receiver.until(() => of(id, body), body);
  };
  await say('traced', kTrace);
  await say('a traced teapot', other);
  await say('wrongly traced', `${kTrace}0`);
  await say('not traced', undefined);
  const seen = (body) => receiver.headers.get(of(id, body)).traceparent;
  assert.equal(seen('traced'), kTrace);
  assert.equal(seen('a traced teapot'), other);
  assert.equal(seen('wrongly traced'), undefined);
  assert.equal(seen('not traced'), undefined);
  const entry = await agent.until(() => agent.frames.find(({ body }) => body === 'a traced teapot'));
  assert.match(entry.tags, /^[^,]+,00-4bf92f/); // behind what the policy left
});

test('so does one that the client of the pages was given', async () => {
  const { visitor, id } = await t.pair();
  const client = new KefuClient({
    name: `visitor:${visitor.id}`,
    url: t.desk.url,
    WebSocket,
    storage: new MemoryStorage(),
    tab: new MemoryStorage(),
    locks: null,
    token: async () => visitor.token,
  });
  await client.start();
  try {
    client.send(id, 'traced by a client', { traceparent: kTrace });
    client.send(id, 'wrongly traced by a client', { traceparent: kTrace.toUpperCase() });
    const last = 'wrongly traced by a client';
    await receiver.until(() => of(id, last), last);
  } finally {
    client.stop();
  }
  const seen = (body) => receiver.headers.get(of(id, body)).traceparent;
  assert.equal(seen('traced by a client'), kTrace);
  assert.equal(seen('wrongly traced by a client'), undefined);
});

test('a line is an object of JSON with a time, a level and a message', async () => {
  const { visitor, id } = await t.pair();
  await visitor.say(id, 'something private');
  const stranger = t.peer('visitor');
  await stranger.connect();
  const forged = `${stranger.token.slice(0, -8)}AAAAAAAA`;
  assert.equal((await stranger.hello({ token: forged })).code, 'unauthenticated');
  stranger.transmit('{"type": "nonsense"');
  await stranger.take({ type: 'error' });
  const backend = new Backend(t);
  await backend.get('/api/departments');
  process.kill(t.desk.pid, 'SIGHUP');
  await t.desk.until('secrets reloaded');
  const secrets = readFileSync(secretFile, 'utf8').split('\n').filter(Boolean);
  const signature = (token) => token.split('.')[2];
  await t.desk.stop();

  assert.ok(t.desk.log.length >= 4);
  for (const line of t.desk.log) {
    const entry = JSON.parse(line);
    assert.deepEqual(Object.keys(entry), ['time', 'level', 'from', 'message']);
    assert.match(entry.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    assert.ok(Math.abs(Date.parse(entry.time) - Date.now()) < 600_000);
    assert.match(entry.level, /^(debug|info|warning|error)$/);
    assert.match(entry.from, /^(helpdesk|kefu)$/);
  }
  const everything = t.desk.log.join('\n');
  const never = [
    readFileSync(join(t.desk.data, 'demo-secret'), 'utf8').trim(),
    ...secrets,
    ...[visitor.token, forged, stranger.token, backend.token].map(signature),
    ...['something private', 'a traced teapot', 'eyJ', 'whsec_'],
  ];
  for (const text of never) assert.ok(!everything.includes(text), `it logs ${text}`);
});
