// hello, tokens, epochs, takeover, resume.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from './fixture.mjs';
import { signJwt } from './helpdesk.mjs';
import { requireFrom } from './packages.mjs';
import { uuid } from './peer.mjs';

const { WebSocket } = requireFrom('ws');
const t = fixture();

test('hello is answered by welcome, with a session and the limits', async () => {
  const peer = t.peer('visitor');
  await peer.connect();
  const welcome = await peer.hello();
  assert.equal(welcome.type, 'welcome');
  assert.equal(welcome.resumed, false);
  assert.equal(welcome.epoch, 1);
  assert.deepEqual(welcome.conversations, []);
  assert.deepEqual(welcome.limits, { window: 32, max_frame: 65536, max_body: 16384 });
});

test('the demo gives tokens that the server takes', async () => {
  const answer = await fetch(`${t.desk.pages}/demo/token?role=visitor&id=demo-1`);
  const { token, expires_at } = await answer.json();
  assert.ok(Date.parse(expires_at) > Date.now());
  const peer = t.peer('visitor', 'demo-1');
  await peer.connect();
  assert.equal((await peer.hello({ token })).type, 'welcome');
});

test('the subprotocol is kefu.v1, and a client that offers only others is refused', async () => {
  const socket = new WebSocket(t.desk.url, ['kefu.v0', 'chat']);
  const status = await new Promise((resolve) => {
    socket.on('error', () => {});
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
    socket.on('open', () => resolve('open'));
  });
  assert.equal(status, 400);
  socket.terminate();
  const both = new WebSocket(t.desk.url, ['chat', 'kefu.v1']);
  await new Promise((resolve) => both.on('open', resolve));
  assert.equal(both.protocol, 'kefu.v1');
  assert.equal(both.extensions, '', 'permessage-deflate is off');
  both.terminate();
});

test('a bad token is unauthenticated, and a good one may follow on the same connection', async () => {
  const peer = t.peer('visitor');
  await peer.connect();
  const claims = {
    sub: peer.id,
    role: 'visitor',
    aud: 'kefu',
    exp: Math.floor(Date.now() / 1000) + 60,
  };
  const good = peer.token;
  const [head, body, signature] = good.split('.');
  const bad = {
    empty: '',
    garbage: 'garbage',
    'other secret': signJwt('0123456789abcdef0123456789abcdef', claims),
    'alg none': signJwt('', claims, { alg: 'none' }),
    'alg none without signature': `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`,
    'body of another': `${head}.${Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url')}.${signature}`,
    'other audience': t.desk.token('visitor', peer.id, { aud: 'other' }),
    'no role': t.desk.token('visitor', peer.id, { role: 'king' }),
    'no exp': t.desk.token('visitor', peer.id, { exp: undefined }),
    'no subject': t.desk.token('visitor', ''),
  };
  for (const [what, token] of Object.entries(bad)) {
    const answer = await peer.hello({ token });
    assert.equal(answer.type, 'error', what);
    assert.equal(answer.code, 'unauthenticated', what);
  }
  const past = await peer.hello({
    token: t.desk.token('visitor', peer.id, { exp: 1_700_000_000 }),
  });
  assert.equal(past.code, 'token_expired');
  assert.equal((await peer.hello()).type, 'welcome');
});

test('before welcome everything else is unauthenticated', async () => {
  const peer = t.peer('visitor');
  await peer.connect();
  const id = uuid();
  for (const frame of [
    { type: 'list' },
    { type: 'open', id },
    { type: 'token', token: peer.token },
    { type: 'accept', conversation: id },
    { type: 'close', conversation: id },
    { type: 'history', conversation: id, after: 0 },
    { type: 'typing', conversation: id },
  ]) {
    assert.equal((await peer.request(frame)).code, 'unauthenticated', frame.type);
  }
  peer.transmit({ type: 'send', conversation: id, cseq: 1, body: 'x' });
  assert.equal((await peer.take({ type: 'error' })).code, 'unauthenticated');
  assert.equal((await peer.hello()).type, 'welcome');
});

test('a second hello is a conflict, and changes nothing', async () => {
  const peer = await t.visitor();
  const { session } = peer;
  assert.equal((await peer.hello()).code, 'conflict');
  assert.equal((await peer.hello({ session, epoch: 9 })).code, 'conflict');
  assert.equal((await peer.request({ type: 'list' })).type, 'list');
  const racer = t.peer('visitor'); // two in one message: the first counts
  await racer.connect();
  racer.transmit([
    { type: 'hello', ref: 'a', token: racer.token },
    { type: 'hello', ref: 'b', token: racer.token },
  ]);
  assert.equal((await racer.take({ ref: 'b' })).code, 'conflict');
  assert.equal((await racer.take({ ref: 'a' })).type, 'welcome');
});

test('a session is resumed after a cut connection, from the positions', async () => {
  const { visitor, agent, id } = await t.pair();
  await visitor.say(id, 'one');
  await agent.say(id, 'two');
  await visitor.reach(id, 4);
  await visitor.cut();
  await agent.say(id, 'three');
  await agent.say(id, 'note', { log: 'internal' });
  const welcome = await visitor.resume();
  const [view] = welcome.conversations;
  assert.equal(view.id, id);
  assert.equal(view.state, 'active');
  assert.equal(view.tail, 5);
  assert.equal(view.accepted_cseq, 1);
  assert.equal((await visitor.reach(id, 5)).entries.get(5).body, 'three');
  assert.equal(
    visitor.frames.filter((frame) => frame.type === 'entry').length,
    1,
    'only what was missing',
  );
  await agent.cut();
  const again = await agent.resume();
  assert.equal(again.conversations[0].internal_tail, 1);
  assert.equal(again.conversations[0].accepted_cseq, 3);
});

test('a new session of the same participant reads everything, own entries with their origin', async () => {
  const { visitor, agent, id } = await t.pair();
  await visitor.say(id, 'mine');
  await agent.say(id, 'theirs');
  const other = await t.visitor(visitor.id);
  const log = await other.reach(id, 4);
  assert.deepEqual(log.entries.get(3).origin, { session: visitor.session, cseq: 1 });
  assert.equal(log.entries.get(4).origin, undefined);
  assert.equal(log.entries.get(1).kind, 'opened');
  assert.equal(log.entries.get(1).from, '');
  assert.equal(log.entries.get(1).role, 'bot');
  assert.equal(log.entries.get(1).body, 'support');
  assert.equal(log.entries.get(2).kind, 'assigned');
  assert.equal(log.entries.get(2).body, agent.id);
  assert.equal(other.conversations.get(id).view.accepted_cseq, 0, 'the mark is of the session');
});

test('a stale epoch tells the current one, and a higher one may follow on the same connection', async () => {
  const peer = await t.visitor();
  await peer.cut();
  await peer.resume({ epoch: 41 });
  await peer.cut();
  await peer.connect();
  for (const epoch of [1, 40, 41]) {
    const stale = await peer.hello({ session: peer.session, epoch });
    assert.equal(stale.code, 'stale_epoch');
    assert.equal(stale.current, 41);
  }
  const welcome = await peer.hello({ session: peer.session, epoch: 42 });
  assert.equal(welcome.resumed, true);
  assert.equal(welcome.epoch, 42);
});

test('a second connection takes the session over: the first is closed with 4001 and stores nothing more', async () => {
  const { visitor, id } = await t.pair();
  const twin = t.peer('visitor', visitor.id);
  await twin.connect();
  const gone = visitor.gone();
  const welcome = twin.hello({ session: visitor.session, epoch: 2 });
  for (let i = 0; i < 20; ++i) if (visitor.isOpen) visitor.send(id, `late ${i}`);
  assert.equal((await welcome).resumed, true);
  assert.deepEqual(await gone, { code: 4001, reason: 'superseded' });
  const { accepted_cseq: accepted } = (await welcome).conversations[0];
  // What the first had stored before is there, in order; nothing came after the takeover.
  const bodies = (await twin.readAll(id)).slice(2).map((entry) => entry.body);
  assert.deepEqual(
    bodies,
    Array.from({ length: accepted }, (_, i) => `late ${i}`),
  );
  twin.conversations.get(id).next = accepted + 1;
  assert.equal((await twin.say(id, 'mine now')).seq, accepted + 3);
});

test('many connections fight for one session: one is left, with the highest epoch', async () => {
  const first = await t.visitor();
  const others = Array.from({ length: 12 }, () => t.peer('visitor', first.id));
  await Promise.all(others.map((peer) => peer.connect()));
  // One that is overtaken while it says hello is closed before it is welcome.
  const answers = await Promise.all(
    others.map((peer, i) =>
      peer.hello({ session: first.session, epoch: i + 2 }).catch(() => 'closed'),
    ),
  );
  for (const answer of answers)
    assert.ok(
      answer === 'closed' || answer.type === 'welcome' || answer.code === 'stale_epoch',
      JSON.stringify(answer),
    );
  const best = others.at(-1);
  assert.equal(answers.at(-1).type, 'welcome');
  for (const [i, peer] of others.entries()) {
    if (peer === best || answers[i].code === 'stale_epoch') continue;
    assert.equal((await peer.gone()).code, 4001);
  }
  assert.equal((await first.gone()).code, 4001);
  assert.equal((await best.request({ type: 'list' })).type, 'list');
});

test("somebody else's session is denied, and stays untouched", async () => {
  const owner = await t.visitor();
  const thief = t.peer('visitor');
  await thief.connect();
  assert.equal((await thief.hello({ session: owner.session, epoch: 99 })).code, 'denied');
  assert.equal((await owner.request({ type: 'list' })).type, 'list');
  assert.equal((await thief.hello()).type, 'welcome');
});

test('an unknown session is session_expired; hello again on the same connection makes a new one', async () => {
  const { visitor, agent, id } = await t.pair();
  await visitor.say(id, 'before');
  await agent.say(id, 'meanwhile');
  await visitor.reach(id, 4);
  await visitor.cut();
  const positions = visitor.positions;
  await visitor.connect();
  assert.equal((await visitor.hello({ session: uuid(), epoch: 7 })).code, 'session_expired');
  const welcome = await visitor.hello({ positions });
  assert.equal(welcome.resumed, false);
  assert.equal(welcome.conversations[0].accepted_cseq, 0);
  assert.equal((await visitor.say(id, 'after')).seq, 5);
});

test('positions are of the client: one that asks for less gets it again', async () => {
  const { visitor, id } = await t.pair();
  for (let i = 0; i < 5; ++i) await visitor.say(id, `m${i}`);
  await visitor.cut();
  visitor.log(id).position = 4;
  await visitor.resume();
  await visitor.reach(id, 7);
  assert.deepEqual(
    visitor.frames
      .filter((frame) => frame.type === 'entry')
      .map((frame) => [frame.seq, frame.body, frame.origin.cseq]),
    [
      [5, 'm2', 3],
      [6, 'm3', 4],
      [7, 'm4', 5],
    ],
  );
});

test('a position beyond the tail, or of a conversation of others, does no harm', async () => {
  const { visitor, id } = await t.pair();
  const stranger = await t.visitor();
  await stranger.cut();
  await stranger.connect();
  const welcome = await stranger.hello({
    session: stranger.session,
    epoch: 2,
    positions: [
      { conversation: id, seq: 0, internal: 0 },
      { conversation: uuid(), seq: 5 },
    ],
  });
  assert.deepEqual(welcome.conversations, []);
  await visitor.say(id, 'private');
  await stranger.settle();
  assert.ok(!stranger.frames.some((frame) => frame.type === 'entry'));
  await visitor.cut();
  visitor.log(id).position = 1000;
  await visitor.connect();
  const again = await visitor.hello({
    session: visitor.session,
    epoch: 2,
    positions: visitor.positions,
  });
  assert.equal(again.conversations[0].tail, 3);
  assert.equal((await visitor.say(id, 'still works')).seq, 4);
});

test('the token can be renewed, by the same participant in the same role only', async () => {
  const peer = await t.visitor();
  assert.equal((await peer.request({ type: 'token', token: peer.token })).type, 'done');
  for (const token of [
    t.desk.token('agent', peer.id),
    t.desk.token('visitor', 'another'),
    t.desk.token('supervisor', peer.id),
    'garbage',
  ]) {
    assert.equal((await peer.request({ type: 'token', token })).code, 'unauthenticated');
  }
  assert.equal(
    (await peer.request({ type: 'token', token: t.desk.token('visitor', peer.id, { exp: 1 }) }))
      .code,
    'token_expired',
  );
  assert.equal(
    (await peer.request({ type: 'accept', conversation: uuid() })).code,
    'denied',
    'still a visitor',
  );
});

test('roles: visitors do not accept, agents do not open', async () => {
  const { visitor, id } = await t.pair();
  const agent = await t.agent();
  const open = await agent.request({ type: 'open', id: uuid() });
  assert.equal(open.code, 'denied');
  assert.equal((await visitor.request({ type: 'accept', conversation: id })).code, 'denied');
});
