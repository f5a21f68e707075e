// Who comes in: secrets that change while people are connected, and networks that guess.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Helpdesk, signJwt } from './helpdesk.mjs';
import { requireFrom } from './packages.mjs';
import { Peer } from './peer.mjs';

const { WebSocket } = requireFrom('ws');
const folder = mkdtempSync(join(tmpdir(), 'kefu-login-'));
after(() => rmSync(folder, { recursive: true }));

const [old, next] = ['old', 'next'].map((name) => ({ name, secret: name.padEnd(40, '.') }));
const line = ({ name, secret }) => `kid=${name} ${secret}\n`;
const claims = () => ({
  ...{ sub: 'visitor-1', role: 'visitor', aud: 'kefu' },
  exp: Math.floor(Date.now() / 1000) + 3600,
});
const signed = ({ name, secret }, kid = name) =>
  signJwt(secret, claims(), { alg: 'HS256', ...(kid && { kid }) });

test('a secret is added, signs, and is alone in the end, by SIGHUP', async () => {
  const file = join(folder, 'secrets');
  writeFileSync(file, line(old));
  const desk = await Helpdesk.start({ options: ['--secret-file', file] });
  const answer = async (token) => {
    const peer = new Peer(desk, 'visitor', 'visitor-1');
    await peer.connect();
    const frame = await peer.hello({ token });
    await peer.cut();
    return frame.code ?? frame.type;
  };
  const given = async () => {
    const response = await fetch(`${desk.pages}/demo/token?role=visitor&id=visitor-1`);
    return (await response.json()).token;
  };
  let reloads = 0;
  const install = async (text, told = 'secrets reloaded') => {
    writeFileSync(file, text);
    process.kill(desk.pid, 'SIGHUP');
    await desk.until(told, told === 'secrets reloaded' ? ++reloads : 1);
  };
  const kid = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid;

  assert.equal(await answer(signed(old)), 'welcome');
  assert.equal(await answer(signed(next)), 'unauthenticated');
  const connected = new Peer(desk, 'visitor', 'visitor-1');
  await connected.connect();
  assert.equal((await connected.hello({ token: signed(old) })).type, 'welcome');

  await install(line(old) + line(next));
  assert.equal(kid(await given()), 'old');
  for (const each of [old, next]) assert.equal(await answer(signed(each)), 'welcome');
  for (const each of [old, next]) assert.equal(await answer(signed(each, '')), 'welcome');
  assert.equal(await answer(signed(old, 'next')), 'unauthenticated');
  assert.equal(await answer(signed(old, 'unknown')), 'unauthenticated');

  await install(line(next) + line(old));
  const token = await given();
  assert.equal(kid(token), 'next');
  assert.equal(await answer(token), 'welcome');

  await install('kid=short too short\n', 'secrets not reloaded');
  assert.equal(await answer(token), 'welcome');

  await install(line(next));
  assert.equal(await answer(signed(old)), 'unauthenticated');
  assert.equal(await answer(signed(next)), 'welcome');
  assert.equal(connected.isOpen, true); // until its token ends, and with a new one beyond that
  const renewed = await connected.request({ type: 'token', token: signed(next) });
  assert.equal(renewed.type, 'done');
  await connected.cut();
  await desk.remove();
});

test('addresses of files follow the secrets, and die with their own', async () => {
  const file = join(folder, 'secrets-of-files');
  writeFileSync(file, line(old));
  const desk = await Helpdesk.start({ options: ['--secret-file', file, '--files'] });
  let reloads = 0;
  const install = async (text) => {
    writeFileSync(file, text);
    process.kill(desk.pid, 'SIGHUP');
    await desk.until('secrets reloaded', ++reloads);
  };
  const visitor = new Peer(desk, 'visitor', 'visitor-1');
  await visitor.connect();
  await visitor.hello({ token: signed(old) });
  const { id } = await visitor.open();
  const metadata = `conversation ${Buffer.from(id).toString('base64')}`;
  const created = await fetch(`${desk.pages}/files`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${signed(old)}`,
      'content-type': 'application/offset+octet-stream',
      ...{ 'tus-resumable': '1.0.0', 'upload-length': '5', 'upload-metadata': metadata },
    },
    body: 'hello',
  });
  assert.equal(created.status, 201);
  const place = new URL(created.headers.get('location'), desk.pages);
  const address = async (key) => {
    const headers = { authorization: `Bearer ${signed(key)}` };
    return (await (await fetch(`${place}/url`, { headers })).json()).url;
  };
  const status = async (path) => {
    const response = await fetch(new URL(path, desk.pages));
    await response.arrayBuffer();
    return response.status;
  };

  const former = await address(old);
  assert.equal(await status(former), 200);
  await install(line(next) + line(old));
  const later = await address(old);
  assert.deepEqual(await Promise.all([former, later].map(status)), [200, 200]);
  await install(line(next));
  assert.deepEqual(await Promise.all([former, later].map(status)), [404, 200]);
  await visitor.cut();
  await desk.remove();
});

/** One attempt from `address`, as a proxy tells of it: [the answer, the close code or null]. */
async function attempt(desk, address, token) {
  const headers = { 'x-forwarded-for': address };
  const socket = new WebSocket(desk.url, 'kefu.v1', { headers });
  const closed = new Promise((resolve) => socket.on('close', resolve));
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  const heard = new Promise((resolve) => socket.once('message', (data) => resolve(JSON.parse(data))));
  socket.send(JSON.stringify({ type: 'hello', token }));
  const answer = await heard;
  if (answer.code !== 'rate_limited') socket.terminate();
  const code = await closed;
  return [answer, answer.code === 'rate_limited' ? code : null];
}

test('a network that guesses is refused for a while, and no other', async () => {
  const options = ['--login-failures', '5', '--trusted-proxies', '127.0.0.1'];
  const desk = await Helpdesk.start({ options: [...options, '--proxy-header', 'x_forwarded_for'] });
  const good = desk.token('visitor', 'visitor-1');
  for (let i = 0; i < 5; ++i)
    assert.equal((await attempt(desk, '192.0.2.7', `wrong ${i}`))[0].code, 'unauthenticated');
  for (const token of ['wrong', good]) {
    const [answer, code] = await attempt(desk, '192.0.2.7', token);
    assert.equal(answer.code, 'rate_limited');
    assert.ok(answer.retry_after > 0 && answer.retry_after <= 12_000, String(answer.retry_after));
    assert.equal(code, 1013);
  }
  assert.equal((await attempt(desk, '192.0.2.8', good))[0].type, 'welcome');
  assert.equal((await attempt(desk, '2001:db8::1', good))[0].type, 'welcome');
  await desk.remove();
});
