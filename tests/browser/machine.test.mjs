// Unit tests of the client's state machine, without sockets, timers or sleeping.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionMachine } from '../../examples/helpdesk/web/session-machine.js';
import { World, checkExactlyOnce } from './simulation.mjs';

const C = '00000000-0000-7000-8000-00000000000c';
const D = '00000000-0000-7000-8000-00000000000d';
const AT = '2026-01-02T03:04:05.000000000Z';

/** A machine with its clock, and the effects of its last step. */
class Rig {
  now = 1_000_000;
  effects = [];
  all = [];
  stored = null;

  constructor(options = {}) {
    this.machine = new SessionMachine({ random: () => 0.5, ...options });
  }
  step(event) {
    this.effects = this.machine.step(event, this.now);
    for (const effect of this.effects) {
      if (effect.type === 'persist')
        this.stored = JSON.parse(JSON.stringify(this.machine.snapshot()));
      if (effect.type === 'transmit') effect.stored = this.stored;
    }
    this.all.push(...this.effects);
    return this;
  }
  /** Steps to each deadline for `ms`. */
  pass(ms) {
    const end = this.now + ms;
    while (this.machine.deadline() <= end) {
      this.now = Math.max(this.now, this.machine.deadline());
      this.step({ type: 'tick' });
    }
    this.now = end;
    return this;
  }
  server(...frames) {
    return this.step({ type: 'message', frames });
  }
  connect() {
    if (this.machine.state === 'stopped') this.step({ type: 'start' });
    if (this.machine.state === 'token') this.step({ type: 'token', token: 't', expires_at: null });
    return this.step({ type: 'opened' });
  }
  online(welcome = {}) {
    return this.connect().server({
      type: 'welcome',
      session: 'A',
      epoch: 1,
      resumed: false,
      limits: { window: 4, max_body: 100 },
      conversations: [view()],
      ...welcome,
    });
  }
  submit(body, rest = {}) {
    return this.step({ type: 'submit', send: { id: body, conversation: C, body, ...rest } });
  }
  types() {
    return this.effects.map((effect) => effect.type);
  }
  sent(type) {
    const frames = this.effects
      .filter((effect) => effect.type === 'transmit')
      .map((effect) => effect.frame);
    return type ? frames.filter((frame) => frame.type === type) : frames;
  }
  emitted(name) {
    return this.effects
      .filter((effect) => effect.type === 'emit' && effect.name === name)
      .map((effect) => effect.detail);
  }
  outcomes() {
    return this.all
      .filter((effect) => effect.type === 'emit' && effect.name === 'send')
      .map(({ detail }) => [detail.id, detail.state])
      .filter(([, state]) => state === 'sent' || state === 'failed');
  }
}

function view(rest = {}) {
  return {
    id: C,
    state: 'active',
    visitor: 'v',
    department: '',
    subject: '',
    tail: 0,
    internal_tail: 0,
    accepted_cseq: 0,
    opened_at: AT,
    ...rest,
  };
}
function entry(seq, rest = {}) {
  return {
    type: 'entry',
    conversation: C,
    seq,
    from: 'x',
    role: 'agent',
    kind: 'text',
    body: `e${seq}`,
    at: AT,
    ...rest,
  };
}
const ack = (cseq, seq, rest = {}) => ({
  type: 'ack',
  conversation: C,
  cseq,
  seq,
  at: AT,
  ...rest,
});
const error = (code, cseq, rest = {}) => ({ type: 'error', code, conversation: C, cseq, ...rest });
const cseqs = (rig) => rig.sent('send').map((frame) => frame.cseq);

test('start fetches a token, connects, says hello', () => {
  const rig = new Rig();
  assert.deepEqual(rig.step({ type: 'start' }).types(), ['emit', 'fetch_token']);
  assert.ok(rig.step({ type: 'token', token: 't', expires_at: null }).types().includes('connect'));
  rig.step({ type: 'opened' });
  assert.deepEqual(rig.sent(), [{ type: 'hello', token: 't', epoch: 1_000_000 }]);
});

test('the epoch rises with each attempt and is persisted before it', () => {
  const rig = new Rig({
    snapshot: { v: 1, session: 'A', epoch: 5_000_000, conversations: [], pending: [] },
  });
  const hellos = [];
  for (let i = 0; i < 3; ++i) {
    rig.connect();
    hellos.push(...rig.effects.filter((effect) => effect.frame?.type === 'hello'));
    rig.step({ type: 'closed', code: 1006 }).pass(2000);
  }
  assert.deepEqual(
    hellos.map((one) => one.frame.epoch),
    [5_000_001, 5_000_002, 5_000_003],
  );
  for (const one of hellos) assert.equal(one.stored.epoch, one.frame.epoch);
});

test('a reload resumes the session with its positions', () => {
  const rig = new Rig().online({ conversations: [view({ tail: 2, internal_tail: 1 })] });
  rig.server(entry(1), entry(2), entry(1, { log: 'internal' })).pass(1000);
  const again = new Rig({ snapshot: rig.stored }).connect();
  assert.deepEqual(again.sent('hello'), [
    {
      type: 'hello',
      token: 't',
      epoch: 1_000_001,
      session: 'A',
      positions: [{ conversation: C, seq: 2, internal: 1 }],
    },
  ]);
});

test('stale_epoch: hello again on the same connection, above the current one', () => {
  const rig = new Rig()
    .connect()
    .server({ type: 'error', code: 'stale_epoch', current: 7_000_000 });
  assert.equal(rig.sent('hello')[0].epoch, 7_000_001);
  assert.equal(rig.stored.epoch, 7_000_001);
});

test('a server that refuses every hello is not asked in a loop', () => {
  const rig = new Rig().connect();
  for (let i = 0; i < 10; ++i)
    rig.server({ type: 'error', code: 'stale_epoch', current: 7_000_000 + i });
  assert.equal(rig.machine.state, 'waiting');
  assert.ok(rig.all.filter((effect) => effect.frame?.type === 'hello').length <= 4);
});

test('a send is persisted, then numbered and persisted again, then transmitted', () => {
  const rig = new Rig().online();
  rig.submit('one');
  assert.deepEqual(rig.types(), ['persist', 'emit', 'persist', 'transmit', 'emit']);
  assert.deepEqual(rig.sent(), [
    { type: 'send', conversation: C, cseq: 1, kind: 'text', body: 'one' },
  ]);
  const [{ stored }] = rig.effects.filter((effect) => effect.type === 'transmit');
  assert.deepEqual(
    stored.pending.map(({ session, cseq }) => [session, cseq]),
    [['A', 1]],
  );
});

test('a traceparent goes out with its message, and with its retry', () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const rig = new Rig().online().submit('one', { traceparent });
  const frame = { type: 'send', conversation: C, cseq: 1, kind: 'text', body: 'one', traceparent };
  assert.deepEqual(rig.sent(), [frame]);
  rig.server(error('rate_limited', 1)).pass(2000);
  const sends = rig.all.filter((effect) => effect.frame?.type === 'send');
  assert.deepEqual(
    sends.map((effect) => effect.frame),
    [frame, frame],
  );
});

test('what is no traceparent is left out', () => {
  const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const zeros = [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, `${good.slice(0, 36)}${'0'.repeat(16)}-01`];
  for (const traceparent of [...zeros, `${good}0`, ` ${good}`, good.toUpperCase(), '', null, 1]) {
    const rig = new Rig().online().submit('one', { traceparent });
    assert.deepEqual(rig.sent(), [
      { type: 'send', conversation: C, cseq: 1, kind: 'text', body: 'one' },
    ]);
  }
});

test('a note goes to the internal log under the same counter', () => {
  const rig = new Rig().online().submit('one').submit('two', { log: 'internal' });
  assert.deepEqual(rig.sent(), [
    { type: 'note', conversation: C, cseq: 2, kind: 'text', body: 'two' },
  ]);
  rig.server(ack(2, 1, { log: 'internal' }));
  assert.deepEqual(
    rig.emitted('entry').map(({ entry: one }) => [one.log, one.seq, one.own]),
    [['internal', 1, true]],
  );
});

test('an ack stands for the entry, and moves the position', () => {
  const rig = new Rig().online().server(entry(1)).submit('one').server(ack(1, 2));
  const [{ entry: one }] = rig.emitted('entry');
  assert.deepEqual([one.seq, one.body, one.own, one.send_id, one.at], [2, 'one', true, 'one', AT]);
  assert.deepEqual(rig.outcomes(), [['one', 'sent']]);
  assert.equal(rig.machine.conversations[0].position, 2);
});

test('a merged ack stands for all of its entries', () => {
  const rig = new Rig().online();
  for (const body of ['a', 'b', 'c']) rig.submit(body);
  rig.server(ack(3, 3, { count: 3 }));
  assert.deepEqual(
    rig.emitted('entry').map(({ entry: one }) => [one.seq, one.body]),
    [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ],
  );
  assert.equal(rig.machine.pendingCount, 0);
});

test('at most W sends are on the way', () => {
  const rig = new Rig().online();
  for (let i = 1; i <= 6; ++i) rig.submit(`m${i}`);
  assert.deepEqual(rig.sent('send'), []);
  rig.server(ack(2, 2, { count: 2 }));
  assert.deepEqual(cseqs(rig), [5, 6]);
});

test('after a resume everything unsettled is sent again, in order, under its numbers', () => {
  const rig = new Rig().online();
  for (const body of ['a', 'b', 'c']) rig.submit(body);
  rig.server(ack(1, 1)).step({ type: 'closed', code: 1006 }).pass(1000);
  rig.online({ epoch: 2, resumed: true, conversations: [view({ tail: 2, accepted_cseq: 2 })] });
  assert.deepEqual(
    rig.sent('send').map(({ cseq, body }) => [cseq, body]),
    [
      [2, 'b'],
      [3, 'c'],
    ],
  );
  // b was stored: its entry comes with its origin, its ack is a repetition at or below the
  // position.
  rig.server(entry(2, { body: 'b', origin: { session: 'A', cseq: 2 } }));
  assert.deepEqual(
    rig.emitted('entry').map(({ entry: one }) => [one.body, one.send_id]),
    [['b', 'b']],
  );
  rig.server(ack(2, 2), ack(3, 3));
  assert.deepEqual(rig.outcomes(), [
    ['a', 'sent'],
    ['b', 'sent'],
    ['c', 'sent'],
  ]);
  assert.equal(rig.machine.conversations[0].position, 3);
});

test('a send made while offline waits, and survives a reload', () => {
  const rig = new Rig().online().step({ type: 'closed', code: 1006 }).submit('later');
  const again = new Rig({ snapshot: rig.stored });
  assert.deepEqual(
    again.machine.pending(C).map(({ body }) => body),
    ['later'],
  );
  again.online({ epoch: 2, resumed: true });
  assert.deepEqual(
    again.sent('send').map(({ cseq, body }) => [cseq, body]),
    [[1, 'later']],
  );
});

test('numbers go on behind what the server accepted, whatever was stored here', () => {
  const rig = new Rig().online({ conversations: [view({ accepted_cseq: 9 })] }).submit('x');
  assert.deepEqual(cseqs(rig), [10]);
});

test('a retryable error: wait for the other answers, back off, send all again in order', () => {
  const rig = new Rig().online();
  for (const body of ['a', 'b', 'c']) rig.submit(body);
  rig.server(error('unavailable', 1)).pass(5000);
  assert.equal(rig.all.filter((effect) => effect.frame?.type === 'send').length, 3);
  rig.server(error('gap', 2, { expected: 1 }), error('gap', 3, { expected: 1 }));
  const at = rig.now;
  rig.pass(5000);
  const again = rig.all
    .filter((effect) => effect.frame?.type === 'send')
    .slice(3)
    .map((effect) => effect.frame.cseq);
  assert.deepEqual(again, [1, 2, 3]);
  assert.ok(rig.now > at);
  rig.server(ack(3, 3, { count: 3 }));
  assert.equal(rig.machine.pendingCount, 0);
});

test('a retryable error alone backs off before the retry', () => {
  const rig = new Rig().online().submit('a').server(error('rate_limited', 1));
  assert.deepEqual(rig.sent('send'), []);
  rig.pass(2000);
  assert.deepEqual(
    rig.all.filter((effect) => effect.frame?.type === 'send').map((effect) => effect.frame.cseq),
    [1, 1],
  );
});

test('a refusal consumes its number', () => {
  const rig = new Rig()
    .online()
    .submit('a')
    .submit('b')
    .server(error('denied', 1, { detail: 'no' }), ack(2, 1));
  assert.deepEqual(rig.outcomes(), [
    ['a', 'failed'],
    ['b', 'sent'],
  ]);
  assert.deepEqual(cseqs(rig.submit('c')), [3]);
});

test('an error that consumes nothing: what came behind closes the gap', () => {
  const rig = new Rig().online();
  for (const body of ['a', 'b', 'c']) rig.submit(body);
  rig.server(
    error('bad_frame', 1),
    error('gap', 2, { expected: 1 }),
    error('gap', 3, { expected: 1 }),
  );
  assert.deepEqual(
    rig.sent('send').map(({ cseq, body }) => [cseq, body]),
    [
      [1, 'b'],
      [2, 'c'],
    ],
  );
  const stored = rig.effects.find((effect) => effect.type === 'transmit').stored;
  assert.deepEqual(
    stored.pending.map(({ cseq }) => cseq),
    [1, 2],
  );
  rig.server(ack(2, 2, { count: 2 })).submit('d');
  assert.deepEqual(cseqs(rig), [3]);
});

test('a body over max_body fails without being sent', () => {
  const rig = new Rig().online().submit('字'.repeat(34));
  assert.deepEqual(rig.sent('send'), []);
  assert.equal(rig.emitted('send')[0].code, 'too_large');
});

test('conflict: the number was used for something else, so the send failed', () => {
  const rig = new Rig().online().submit('a').submit('b').server(error('conflict', 1));
  assert.deepEqual(rig.outcomes(), [['a', 'failed']]);
  rig.server(ack(2, 2)).submit('c');
  assert.deepEqual(cseqs(rig), [3]);
});

test('session_expired: read to the tail, drop what is found, number the rest anew, persist, send', () => {
  const rig = new Rig().online();
  for (const body of ['a', 'b', 'c']) rig.submit(body);
  rig.step({ type: 'closed', code: 1006 }).pass(1000);
  rig.connect().server({ type: 'error', code: 'session_expired' });
  const [hello] = rig.sent('hello');
  assert.equal(hello.session, undefined);
  rig.server({
    type: 'welcome',
    session: 'B',
    epoch: hello.epoch,
    resumed: false,
    limits: {},
    conversations: [view({ tail: 2 })],
  });
  assert.deepEqual(rig.sent('send'), []);
  rig.submit('d').server(entry(1, { body: 'a', origin: { session: 'A', cseq: 1 } }));
  assert.deepEqual(rig.sent('send'), []);
  rig.server(entry(2));
  assert.deepEqual(
    rig.sent('send').map(({ cseq, body }) => [cseq, body]),
    [
      [1, 'b'],
      [2, 'c'],
      [3, 'd'],
    ],
  );
  const stored = rig.effects.find((effect) => effect.type === 'transmit').stored;
  assert.deepEqual(
    stored.pending.map(({ session, cseq }) => [session, cseq]),
    [
      ['B', 1],
      ['B', 2],
      ['B', 3],
    ],
  );
});

test('a crash half-way through the expiry forgets nothing', () => {
  const rig = new Rig()
    .online()
    .submit('a')
    .submit('b')
    .step({ type: 'closed', code: 4003 })
    .pass(1000);
  rig.connect().server({
    type: 'welcome',
    session: 'B',
    epoch: 2,
    resumed: false,
    limits: {},
    conversations: [view({ tail: 2 })],
  });
  rig.server(entry(1, { body: 'a', origin: { session: 'A', cseq: 1 } }));
  // Reloaded before the tail; meanwhile B has expired too.
  const again = new Rig({ snapshot: rig.stored })
    .connect()
    .server({ type: 'error', code: 'session_expired' });
  again.server({
    type: 'welcome',
    session: 'X',
    epoch: 9,
    resumed: false,
    limits: {},
    conversations: [view({ tail: 2 })],
  });
  again.server(entry(1, { body: 'a', origin: { session: 'A', cseq: 1 } }), entry(2, { body: 'z' }));
  assert.deepEqual(
    again.sent('send').map(({ cseq, body }) => [cseq, body]),
    [[1, 'b']],
  );
});

test('a reset during the expiry does not hide what was stored: history is read', () => {
  const rig = new Rig()
    .online()
    .submit('a')
    .submit('b')
    .step({ type: 'closed', code: 4003 })
    .pass(1000);
  rig.connect().server({
    type: 'welcome',
    session: 'B',
    epoch: 2,
    limits: {},
    conversations: [view({ tail: 5 })],
  });
  rig.server({ type: 'reset', conversation: C, tail: 5, reason: 'replay_limit' }, entry(6));
  const [history] = rig.sent('history');
  assert.equal(history.after, 0);
  assert.deepEqual(rig.sent('send'), []);
  const entries = [
    entry(1),
    entry(2, { body: 'a', origin: { session: 'A', cseq: 1 } }),
    entry(3),
    entry(4),
    entry(5),
  ];
  rig.server({ type: 'history', ref: history.ref, conversation: C, entries, tail: 6 });
  assert.deepEqual(
    rig.emitted('entry').map(({ entry: one }) => one.seq),
    [1, 2, 3, 4, 5, 6],
  );
  assert.deepEqual(
    rig.sent('send').map(({ body }) => body),
    ['b'],
  );
});

test('a conversation that is no longer listed is read by history before its sends get new numbers', () => {
  const rig = new Rig()
    .online()
    .submit('a')
    .submit('b')
    .step({ type: 'closed', code: 4003 })
    .pass(1000);
  rig.connect().server({ type: 'welcome', session: 'B', epoch: 2, limits: {}, conversations: [] });
  const [history] = rig.sent('history');
  const entries = [
    entry(1, { body: 'a', origin: { session: 'A', cseq: 1 } }),
    entry(2, { kind: 'closed' }),
  ];
  rig.server({ type: 'history', ref: history.ref, conversation: C, entries, tail: 2 });
  assert.deepEqual(
    rig.sent('send').map(({ cseq, body }) => [cseq, body]),
    [[1, 'b']],
  );
  assert.equal(rig.machine.conversations[0].state, 'closed');
  rig.server(error('closed', 1));
  assert.deepEqual(rig.outcomes(), [
    ['a', 'sent'],
    ['b', 'failed'],
  ]);
});

test('a conversation that is gone: its sends are reported, not kept for ever', () => {
  const rig = new Rig().online().submit('a').step({ type: 'closed', code: 4003 }).pass(1000);
  rig.connect().server({ type: 'welcome', session: 'B', epoch: 2, limits: {}, conversations: [] });
  rig.server({ type: 'error', code: 'not_found', ref: rig.sent('history')[0].ref });
  assert.deepEqual(rig.outcomes(), [['a', 'failed']]);
  assert.equal(rig.machine.pendingCount, 0);
});

test('superseded: move to a new place and open a new session', () => {
  const rig = new Rig().online().submit('a').step({ type: 'closed', code: 4001 });
  assert.ok(rig.types().indexOf('move') < rig.types().indexOf('persist'));
  rig.pass(1000).connect();
  assert.equal(rig.sent('hello')[0].session, undefined);
});

test('superseded: a number that the other tab used for something else is a conflict', () => {
  const rig = new Rig().online().submit('a').step({ type: 'closed', code: 4001 }).pass(1000);
  rig.online({ session: 'B', conversations: [view({ tail: 1 })] });
  rig.server(entry(1, { body: 'of the other tab', origin: { session: 'A', cseq: 1 } }));
  assert.deepEqual(rig.outcomes(), [['a', 'failed']]);
  assert.deepEqual(rig.sent('send'), []);
});

test('entries that were seen before are ignored; a hole is read from history', () => {
  const rig = new Rig()
    .online({ conversations: [view({ tail: 2 })] })
    .server(entry(1), entry(2), entry(1), entry(2));
  assert.deepEqual(
    rig.emitted('entry').map(({ entry: one }) => one.seq),
    [1, 2],
  );
  rig.server(entry(5));
  assert.deepEqual(rig.emitted('entry'), []);
  const [history] = rig.sent('history');
  assert.equal(history.after, 2);
  rig.server({
    type: 'history',
    ref: history.ref,
    conversation: C,
    entries: [entry(3), entry(4)],
    tail: 5,
  });
  assert.deepEqual(
    rig.emitted('entry').map(({ entry: one }) => one.seq),
    [3, 4, 5],
  );
});

test('a retry’s ack may come before the entries in front of it: it settles, and its entry waits for its turn', () => {
  const rig = new Rig()
    .online({ conversations: [view({ tail: 3 })] })
    .submit('mine')
    .server(ack(1, 3));
  assert.deepEqual(rig.outcomes(), [['mine', 'sent']]);
  assert.deepEqual(rig.emitted('entry'), []);
  rig.server(entry(1), entry(2), entry(3, { body: 'mine', origin: { session: 'A', cseq: 1 } }));
  assert.deepEqual(
    rig.emitted('entry').map(({ entry: one }) => one.body),
    ['e1', 'e2', 'mine'],
  );
  assert.deepEqual(
    rig.all.filter((effect) => effect.frame?.type === 'history'),
    [],
  );
});

test('an ack that does not stand for its entry only settles; the rewritten entry comes by itself', () => {
  const rig = new Rig();
  rig.online();
  rig.submit('card 4111');
  rig.server({ type: 'ack', conversation: C, cseq: 1, seq: 1, at: AT, stands: false });
  assert.deepEqual(rig.outcomes(), [['card 4111', 'sent']]);
  assert.deepEqual(rig.emitted('entry'), []);
  const origin = { session: 'A', cseq: 1 };
  rig.server(entry(1, { body: 'card ****', origin, tags: 'rewritten' }));
  assert.deepEqual(
    rig.emitted('entry').map(({ entry }) => entry.body),
    ['card ****'],
  );
});

test('a rewritten entry is no conflict, whose ack was lost', () => {
  const rig = new Rig();
  rig.online();
  rig.submit('card 4111');
  const origin = { session: 'A', cseq: 1 };
  rig.server(entry(1, { body: 'card ****', origin, tags: 'rewritten,card' }));
  assert.deepEqual(rig.outcomes(), [['card 4111', 'sent']]);
});

test('a closed conversation that was joined, and cut off before its end, is read on by history', () => {
  const rig = new Rig();
  rig.online({ conversations: [] });
  rig.server({ type: 'joined', conversation: view({ state: 'closed', tail: 3 }) });
  rig.server(entry(1));
  rig.step({ type: 'closed', code: 1006 }).pass(1000);
  rig.online({ resumed: true, conversations: [] });
  const asked = rig.sent('history');
  assert.deepEqual(
    asked.map(({ conversation, after }) => [conversation, after]),
    [[C, 1]],
  );
  rig.server({
    type: 'history',
    ref: asked[0].ref,
    conversation: C,
    entries: [entry(2), entry(3)],
    tail: 3,
  });
  assert.deepEqual(
    rig.emitted('entry').map(({ entry }) => entry.body),
    ['e2', 'e3'],
  );
  rig.step({ type: 'closed', code: 1006 }).pass(1000);
  rig.online({ resumed: true, conversations: [] });
  assert.deepEqual(rig.sent('history'), []);
});

test('a body is made what JSON can say; one that is too large only when escaped fails here', () => {
  const rig = new Rig()
    .online({ limits: { window: 4, max_body: 1000, max_frame: 2000 } })
    .submit('half \ud83d pair');
  assert.equal(rig.sent('send')[0].body, 'half \ufffd pair');
  rig.submit('\u0001'.repeat(400));
  assert.equal(rig.emitted('send')[0].code, 'too_large');
});

test('a server that does not let us in is left alone', () => {
  const rig = new Rig().online().step({ type: 'closed', code: 1008 });
  assert.equal(rig.machine.state, 'stopped');
  assert.equal(rig.machine.deadline(), Infinity);
});

test('reset skips to the tail and says so', () => {
  const rig = new Rig().online({ conversations: [view({ tail: 50 })] });
  rig.server({ type: 'reset', conversation: C, tail: 50, reason: 'replay_limit' }, entry(51));
  assert.deepEqual(rig.emitted('reset'), [
    { conversation: C, log: 'public', from: 0, tail: 50, reason: 'replay_limit' },
  ]);
  assert.deepEqual(
    rig.emitted('entry').map(({ entry: one }) => one.seq),
    [51],
  );
});

test('a reset does not carry the position past a send without an outcome: the session may expire before the retry', () => {
  const rig = new Rig().online().submit('a').step({ type: 'closed', code: 1006 }).pass(1000);
  rig.online({ epoch: 2, resumed: true, conversations: [view({ tail: 50, accepted_cseq: 1 })] });
  rig.server({ type: 'reset', conversation: C, tail: 50, reason: 'replay_limit' }).pass(1000);
  const again = new Rig({ snapshot: rig.stored }).connect();
  assert.equal(again.sent('hello')[0].positions, undefined);
});

test('requests wait for the connection and are repeated after it was lost', () => {
  const rig = new Rig();
  rig.step({
    type: 'request',
    ref: 'r1',
    frame: { type: 'open', id: D, department: '', subject: '' },
  });
  rig.online({ conversations: [] });
  assert.equal(rig.sent('open')[0].ref, 'r1');
  rig
    .step({ type: 'closed', code: 1012 })
    .pass(1000)
    .online({ epoch: 2, resumed: true, conversations: [] });
  assert.equal(rig.sent('open')[0].id, D);
  rig.server({ type: 'joined', ref: 'r1', conversation: view({ id: D, state: 'queued' }) });
  assert.deepEqual(
    rig.effects.filter((effect) => effect.type === 'answer').map((effect) => effect.ref),
    ['r1'],
  );
  rig.submit('hi', { conversation: D });
  assert.equal(rig.sent('send')[0].cseq, 1);
});

test('every kind of answer reaches whoever asked', () => {
  const rig = new Rig();
  rig.online({ conversations: [] });
  for (const type of ['list', 'done', 'about', 'tickets', 'search', 'history', 'joined']) {
    rig.step({ type: 'request', ref: type, frame: { type: 'ask', conversation: D } });
    rig.server({ type, ref: type, conversation: type === 'joined' ? view({ id: D }) : D });
    const answers = rig.effects.filter((effect) => effect.type === 'answer');
    assert.deepEqual(answers.map(({ ref }) => ref), [type]);
  }
});

test('a request that fails for good is rejected; one that may succeed is repeated', () => {
  const rig = new Rig().online();
  rig.step({ type: 'request', ref: 'r1', frame: { type: 'accept', conversation: D } });
  rig.server({ type: 'error', code: 'unavailable', ref: 'r1' }).pass(3000);
  assert.equal(rig.all.filter((effect) => effect.frame?.type === 'accept').length, 2);
  rig.server({ type: 'error', code: 'conflict', ref: 'r1', detail: 'taken' });
  assert.deepEqual(
    rig.effects
      .filter((effect) => effect.type === 'reject')
      .map(({ ref, error: why }) => [ref, why.code]),
    [['r1', 'conflict']],
  );
});

test('offers stand until they are gone, taken or sent anew', () => {
  const rig = new Rig().online({ conversations: [] });
  rig.server(
    { type: 'offer', conversation: C, visitor: 'v' },
    { type: 'offer', conversation: D, visitor: 'w' },
  );
  assert.deepEqual(
    rig.machine.offers.map((one) => one.conversation),
    [C, D],
  );
  rig.server(
    { type: 'offer_gone', conversation: C },
    { type: 'joined', conversation: view({ id: D }) },
  );
  assert.deepEqual(rig.machine.offers, []);
});

test('reconnects: the first fast, then later and later, at once when the network is back', () => {
  const rig = new Rig().connect();
  const waits = [];
  for (let i = 0; i < 6; ++i) {
    rig.step({ type: 'closed', code: 1006 });
    waits.push(rig.emitted('status').at(-1).retry_at - rig.now);
    rig.now = rig.machine.deadline();
    rig.step({ type: 'tick' });
  }
  assert.ok(waits[0] <= 500);
  for (let i = 1; i < waits.length; ++i) assert.ok(waits[i] > waits[i - 1]);
  rig.step({ type: 'closed', code: 1006 });
  rig.step({ type: 'online' });
  assert.ok(rig.types().includes('connect'));
});

test('close codes: overloaded waits longer, token_expired fetches a token', () => {
  const rig = new Rig().online().step({ type: 'closed', code: 1013 });
  assert.ok(rig.emitted('status').at(-1).retry_at - rig.now >= 4000);
  const other = new Rig().online().step({ type: 'closed', code: 4005 }).pass(1000);
  assert.ok(other.all.filter((effect) => effect.type === 'fetch_token').length === 2);
});

test('a server that sends its clients away says when to come back', () => {
  const rig = new Rig()
    .online()
    .server({ type: 'error', code: 'shutting_down', retry_after: 2750 })
    .step({ type: 'closed', code: 1012 });
  assert.deepEqual(rig.emitted('error'), []);
  assert.equal(rig.emitted('status').at(-1).retry_at - rig.now, 2750);
  rig.pass(2750).step({ type: 'closed', code: 1006 }); // only the first attempt waits by its word
  assert.ok(rig.emitted('status').at(-1).retry_at - rig.now < 1000);
});

test('the token is renewed on the connection before it ends', () => {
  const rig = new Rig();
  rig
    .step({ type: 'start' })
    .step({ type: 'token', token: 't1', expires_at: rig.now + 600_000 })
    .step({ type: 'opened' });
  rig.server({ type: 'welcome', session: 'A', epoch: 1, limits: {}, conversations: [] });
  const answerProbes = (frames) =>
    frames
      .filter((frame) => frame.type === 'list')
      .forEach(({ ref }) => rig.server({ type: 'list', ref }));
  for (let i = 0; i < 550; ++i) {
    rig.pass(1000);
    answerProbes(rig.sent());
    if (rig.all.filter((effect) => effect.type === 'fetch_token').length === 2) break;
  }
  assert.equal(rig.all.filter((effect) => effect.type === 'fetch_token').length, 2);
  rig.step({ type: 'token', token: 't2', expires_at: rig.now + 600_000 });
  assert.equal(rig.sent('token')[0].token, 't2');
});

test('a link on which nothing is answered is given up', () => {
  const rig = new Rig().online().submit('a').pass(40_000);
  assert.ok(rig.all.some((effect) => effect.type === 'disconnect'));
});

test('read and delivered are coalesced and only go forwards', () => {
  const rig = new Rig()
    .online({ conversations: [view({ tail: 3 })] })
    .server(entry(1), entry(2), entry(3));
  for (const seq of [1, 3, 2]) rig.step({ type: 'read', conversation: C, seq });
  rig.pass(300);
  assert.deepEqual(rig.sent(), [
    { type: 'delivered', conversation: C, seq: 3 },
    { type: 'read', conversation: C, seq: 3 },
  ]);
});

test('what a newer server says is ignored', () => {
  assert.deepEqual(new Rig().online().server({ type: 'weather' }).effects, []);
});

// ---- the randomised test

const SEEDS = Number(process.env.KEFU_SOAK ? 3000 : 150);
const only = process.env.KEFU_SEED;

test('any mixture of faults: nothing lost, nothing doubled, order kept', () => {
  const seeds = only ? [Number(only)] : Array.from({ length: SEEDS }, (_, i) => i + 1);
  for (const seed of seeds) {
    try {
      runWorld(seed);
    } catch (error) {
      error.message = `KEFU_SEED=${seed}: ${error.message}`;
      throw error;
    }
  }
});

function runWorld(seed) {
  const world = new World(seed, {
    window: 1 + (seed % 5),
    replayLimit: seed % 3 === 0 ? 8 : 10_000,
  });
  world.faultRate = seed % 2 ? 0.1 : 0;
  world.repeatRate = 0.1;
  const people = [
    { id: 'v1', role: 'visitor' },
    { id: 'v1', role: 'visitor' },
    { id: 'v2', role: 'visitor' },
    { id: 'a1', role: 'agent' },
    { id: 'a1', role: 'agent' },
  ];
  for (const person of people) world.client(person).start();
  world.run(2000);
  for (let i = 0; i < 120; ++i) {
    disturb(world, i);
    world.run(world.below(world.below(10) === 0 ? 5000 : 200));
  }
  Object.assign(world, { down: false, faultRate: 0, repeatRate: 0 });
  world.run(300_000);
  checkExactlyOnce(world);
}

function disturb(world, i) {
  const client = world.pick(world.clients);
  switch (world.below(12)) {
    case 0:
      return client.breakLink(world.pick([1006, 4002, 4006, 1012, 1013, 4005]));
    case 1:
      return client.reload();
    case 2:
      return world.below(3) === 0 && world.crash();
    case 3:
    case 4:
      world.down = false;
      return undefined;
    case 5:
      return expire(world, client);
    case 6:
      return (
        world.below(6) === 0 &&
        client.machine.state === 'online' &&
        client.conversation &&
        client.request({ type: 'close', conversation: client.conversation })
      );
    default:
      return burst(world, client, i);
  }
}

function expire(world, client) {
  if (client.link) client.breakLink(1006);
  for (const link of [...world.hub.links])
    if (link.session === client.machine.session) world.hub.cut(link, 4003);
  world.hub.expire(client.machine.session);
}

function burst(world, client, i) {
  const conversation = world.pick(client.machine.conversations.map((view) => view.id));
  if (!conversation) return;
  for (let n = 1 + world.below(8); n > 0; --n) {
    const what = world.below(20) === 0 ? 'deny ' : '';
    const log = client.participant.role === 'agent' && world.below(4) === 0 ? 'internal' : 'public';
    client.submit(conversation, `${what}${client.participant.id} ${i} ${n} ${world.uuid()}`, log);
  }
}

test('a duplicated tab and its original end up with a session each', () => {
  const world = new World(7);
  const original = world.client({ id: 'v', role: 'visitor' });
  original.start();
  world.run(2000);
  const copy = world.client({ id: 'v', role: 'visitor' });
  copy.stored = original.stored;
  copy.load();
  copy.start();
  world.run(5000);
  assert.equal(original.machine.state, 'online');
  assert.equal(copy.machine.state, 'online');
  assert.notEqual(original.machine.session, copy.machine.session);
  original.submit(original.conversation, 'from the original');
  copy.submit(original.conversation, 'from the copy');
  world.run(5000);
  checkExactlyOnce(world);
});
