// Sends: acks, order, retries, gaps, the window, refusals.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Courier } from './courier.mjs';
import { fixture } from './fixture.mjs';
import { uuid } from './peer.mjs';

const t = fixture();
const numbers = (count, from = 1) => Array.from({ length: count }, (_, i) => from + i);

test('a send is acknowledged, comes to the other side as an entry, and to the sender as an ack only', async () => {
  const { visitor, agent, id } = await t.pair();
  const body = 'Hello 👋 — could you "please" have a look?\n谢谢\u0000\u2028\\';
  const { seq, at } = await visitor.say(id, body);
  assert.equal(seq, 3);
  const entry = (await agent.reach(id, 3)).entries.get(3);
  assert.deepEqual(entry, {
    type: 'entry',
    conversation: id,
    seq: 3,
    from: visitor.id,
    role: 'visitor',
    kind: 'text',
    body,
    at,
  });
  await agent.say(id, 'answer');
  await visitor.reach(id, 4);
  assert.deepEqual(
    visitor.frames.filter((frame) => frame.type === 'entry').map((frame) => frame.seq),
    [1, 2, 4],
  );
});

test('sends of both sides interleave in one order, the same for all', async () => {
  const { visitor, agent, id } = await t.pair();
  const other = await t.visitor(visitor.id);
  for (let round = 0; round < 10; ++round) {
    for (const peer of [visitor, agent, other])
      for (let i = 0; i < 3; ++i) peer.send(id, `${peer.session}/${round}/${i}`);
    await Promise.all([visitor, agent, other].map((peer) => peer.outcome(id, 3 * (round + 1))));
  }
  const logs = await Promise.all(
    [visitor, agent, other].map(async (peer) =>
      [...(await peer.reach(id, 92)).entries.values()]
        .map(({ seq, from, body }) => ({ seq, from, body }))
        .sort((a, b) => a.seq - b.seq),
    ),
  );
  assert.deepEqual(logs[0], logs[1]);
  assert.deepEqual(logs[0], logs[2]);
  for (const peer of [visitor, agent, other]) {
    const own = logs[0].filter(({ body }) => body.startsWith(peer.session)).map(({ body }) => body);
    assert.deepEqual(
      own,
      numbers(10, 0).flatMap((round) => numbers(3, 0).map((i) => `${peer.session}/${round}/${i}`)),
    );
  }
});

test('what another device of the participant sends comes as an entry with its origin', async () => {
  const { visitor, id } = await t.pair();
  const other = await t.visitor(visitor.id);
  await visitor.say(id, 'from here');
  await other.reach(id, 3);
  const { seq } = await other.say(id, 'from there');
  assert.deepEqual((await visitor.reach(id, seq)).entries.get(seq).origin, {
    session: other.session,
    cseq: 1,
  });
  assert.deepEqual((await other.reach(id, seq)).entries.get(3).origin, {
    session: visitor.session,
    cseq: 1,
  });
});

test('a retry with the same content gets the original outcome, and is stored once', async () => {
  const { visitor, agent, id } = await t.pair();
  const first = await visitor.say(id, 'once');
  for (let i = 0; i < 3; ++i) assert.deepEqual(await visitor.say(id, 'once', { cseq: 1 }), first);
  visitor.transmit(numbers(4).map(() => visitor.draft(id, 'twice', { cseq: 2 }))); // in flight too
  const second = await visitor.outcome(id, 2);
  assert.equal(second.seq, first.seq + 1);
  visitor.conversations.get(id).next = 3;
  await visitor.say(id, 'end');
  assert.deepEqual(
    (await agent.readAll(id)).slice(2).map((entry) => entry.body),
    ['once', 'twice', 'end'],
  );
});

test('a retry after a cut gets the original outcome, on the new connection', async () => {
  const { visitor, id } = await t.pair();
  const first = await visitor.say(id, 'once');
  const denied = await visitor.say(id, 'note', { log: 'internal' });
  await visitor.cut();
  const welcome = await visitor.resume();
  assert.equal(welcome.conversations[0].accepted_cseq, 2);
  assert.deepEqual(await visitor.say(id, 'once', { cseq: 1 }), first);
  assert.equal((await visitor.say(id, 'note', { log: 'internal', cseq: 2 })).code, denied.code);
  assert.equal((await visitor.readAll(id)).length, 3);
});

test('other content under the same cseq is a conflict, whether settled, refused or in flight', async () => {
  const { visitor, id } = await t.pair();
  await visitor.say(id, 'this');
  for (const [body, options] of [
    ['that', {}],
    ['this', { kind: 'other' }],
    ['this', { log: 'internal' }],
    ['this ', {}],
  ]) {
    const answer = await visitor.say(id, body, { cseq: 1, ...options });
    assert.equal(answer.code, 'conflict', body);
  }
  await visitor.say(id, 'denied', { log: 'internal' });
  assert.equal((await visitor.say(id, 'something else', { cseq: 2 })).code, 'conflict');
  visitor.transmit([visitor.draft(id, 'a', { cseq: 3 }), visitor.draft(id, 'b', { cseq: 3 })]);
  const outcomes = [await visitor.outcome(id, 3, 1), await visitor.outcome(id, 3, 2)];
  assert.deepEqual(outcomes.map((outcome) => outcome.code ?? 'ack').sort(), ['ack', 'conflict']);
  visitor.conversations.get(id).next = 4;
  assert.equal((await visitor.say(id, 'next')).seq, 5);
});

test('a retry so old that its outcome is not kept is a duplicate', async () => {
  const { visitor, id } = await t.pair();
  for (let i = 1; i <= 40; ++i) await visitor.say(id, `m${i}`);
  assert.equal((await visitor.say(id, 'm1', { cseq: 1 })).code, 'duplicate');
  assert.equal((await visitor.say(id, 'm8', { cseq: 8 })).code, 'duplicate');
  assert.equal((await visitor.say(id, 'm9', { cseq: 9 })).seq, 11, 'the last 32 are kept');
  assert.equal((await visitor.readAll(id)).length, 42);
});

test('a gap is told with the expected cseq, and stores nothing', async () => {
  const { visitor, id } = await t.pair();
  const gap = await visitor.say(id, 'third', { cseq: 3 });
  assert.equal(gap.code, 'gap');
  assert.equal(gap.expected, 1);
  await visitor.say(id, 'first', { cseq: 1 });
  assert.equal((await visitor.say(id, 'third', { cseq: 3 })).expected, 2);
  await visitor.say(id, 'second', { cseq: 2 });
  assert.equal((await visitor.say(id, 'third', { cseq: 3 })).seq, 5);
  visitor.transmit([5, 4].map((cseq) => visitor.draft(id, `m${cseq}`, { cseq }))); // in one batch
  assert.equal((await visitor.outcome(id, 5)).code, 'gap');
  assert.equal((await visitor.outcome(id, 4)).seq, 6);
});

test('cseq counts for each conversation by itself, over both logs together', async () => {
  const { visitor, agent, id } = await t.pair();
  const second = await visitor.open({ department: 'sales' });
  await agent.accept(second.id);
  assert.equal((await agent.say(id, 'a', { cseq: 1 })).seq, 3);
  assert.equal((await agent.say(id, 'b', { cseq: 2, log: 'internal' })).seq, 1);
  assert.equal((await agent.say(second.id, 'c', { cseq: 1 })).seq, 3);
  assert.equal((await agent.say(id, 'd', { cseq: 3 })).seq, 4);
  assert.equal((await agent.say(second.id, 'e', { cseq: 3 })).code, 'gap');
});

test('a window of sends may be unsettled, the rest of a burst is overloaded and can be sent again', async () => {
  const { visitor, agent, id } = await t.pair();
  visitor.transmit(numbers(48).map((i) => visitor.draft(id, `m${i}`)));
  const outcomes = await Promise.all(numbers(48).map((cseq) => visitor.outcome(id, cseq)));
  assert.deepEqual(
    outcomes.map((outcome) => outcome.code ?? 'ack'),
    [...numbers(32).map(() => 'ack'), ...numbers(16).map(() => 'overloaded')],
  );
  assert.deepEqual(
    outcomes.slice(0, 32).map((outcome) => outcome.seq),
    numbers(32, 3),
  );
  visitor.transmit(numbers(16, 33).map((i) => visitor.draft(id, `m${i}`, { cseq: i })));
  for (const cseq of numbers(16, 33))
    assert.equal((await visitor.outcome(id, cseq, 2)).seq, cseq + 2);
  assert.deepEqual(
    (await agent.readAll(id)).slice(2).map((entry) => entry.body),
    numbers(48).map((i) => `m${i}`),
  );
});

test('the window is of one conversation: another one is not held up', async () => {
  const { visitor, id } = await t.pair();
  const second = await visitor.open({ department: 'sales' });
  visitor.transmit([
    ...numbers(33).map((i) => visitor.draft(id, `m${i}`)),
    visitor.draft(second.id, 'hello'),
  ]);
  assert.equal((await visitor.outcome(id, 33)).code, 'overloaded');
  assert.equal((await visitor.outcome(second.id, 1)).seq, 2);
});

test('acks of a burst are merged, and tell the truth', async () => {
  const { visitor, agent, id } = await t.pair();
  const bodies = [];
  for (let round = 0; round < 30; ++round) {
    const drafts = numbers(32).map((i) => visitor.draft(id, `${round}/${i}`));
    bodies.push(...drafts.map((draft) => draft.body));
    agent.send(id, `between ${round}`);
    visitor.transmit(drafts);
    await visitor.outcome(id, (round + 1) * 32);
  }
  await agent.outcome(id, 30);
  const acks = visitor.frames.filter((frame) => frame.type === 'ack');
  assert.ok(acks.length < 960 / 4, `${acks.length} acks for 960 sends`);
  assert.equal(
    acks.reduce((sum, { count = 1 }) => sum + count, 0),
    960,
  );
  const log = await agent.readAll(id);
  assert.deepEqual(
    log.filter((entry) => entry.from === visitor.id).map((entry) => entry.body),
    bodies,
  );
  await visitor.reach(id, log.length); // what the acks said, the peer has put in its log
  for (const entry of log) assert.equal(visitor.log(id).entries.get(entry.seq).body, entry.body);
  for (const cseq of numbers(960)) {
    const { seq, at } = await visitor.outcome(id, cseq);
    assert.deepEqual([log[seq - 1].body, log[seq - 1].at], [bodies[cseq - 1], at]);
  }
});

test('a visitor has no notes: denied, which consumes the cseq', async () => {
  const { visitor, agent, id } = await t.pair();
  const denied = await visitor.say(id, 'psst', { log: 'internal' });
  assert.equal(denied.code, 'denied');
  assert.equal((await visitor.say(id, 'next')).seq, 3);
  assert.equal(
    (await visitor.say(id, 'psst', { log: 'internal', cseq: 1 })).code,
    'denied',
    'a retry gets it again',
  );
  assert.deepEqual(await agent.readAll(id, 'internal'), []);
});

test('notes are seen by the staff of the conversation, never by the visitor', async () => {
  const { visitor, agent, id } = await t.pair();
  const device = await t.agent(agent.id);
  await agent.say(id, 'hello');
  const note = await agent.say(id, 'rude visitor', { log: 'internal' });
  assert.deepEqual([note.seq, note.log], [1, 'internal']);
  const entry = (await device.reach(id, 1, 'internal')).entries.get(1);
  assert.equal(entry.after, 3);
  assert.deepEqual(entry.origin, { session: agent.session, cseq: 2 });
  await agent.say(id, 'after the note');
  await visitor.reach(id, 4);
  await visitor.settle();
  assert.ok(!JSON.stringify(visitor.frames).includes('rude'));
  const page = await visitor.request({
    type: 'history',
    conversation: id,
    log: 'internal',
    after: 0,
  });
  assert.equal(page.type, 'error');
  assert.equal((await visitor.request({ type: 'list' })).conversations[0].internal_tail, undefined);
  const [own] = (await agent.request({ type: 'list' })).conversations;
  assert.deepEqual([own.tail, own.internal_tail], [4, 1]);
});

test("kefu's own kinds are denied, other kinds are the host's", async () => {
  const { visitor, agent, id } = await t.pair();
  for (const [i, kind] of ['opened', 'assigned', 'closed'].entries()) {
    for (const peer of [visitor, agent]) {
      assert.equal((await peer.say(id, 'forged', { kind })).code, 'denied');
      assert.equal((await peer.say(id, 'forged', { kind, cseq: i + 1 })).code, 'denied');
    }
  }
  const { seq } = await visitor.say(id, '{"x":1}', { kind: 'shop.order' });
  assert.equal(seq, 3);
  assert.equal((await agent.reach(id, 3)).entries.get(3).kind, 'shop.order');
  assert.equal((await agent.say(id, '')).seq, 4, 'an empty body is a body');
});

test('what is too large or malformed does not consume its cseq, and names it', async () => {
  const { visitor, id } = await t.pair();
  const large = await visitor.say(id, 'x'.repeat(16385));
  assert.deepEqual(
    [large.code, large.detail, large.cseq, large.conversation],
    ['too_large', 'body', 1, id],
  );
  const wide = await visitor.say(id, '谢'.repeat(5462), { cseq: 1 });
  assert.equal(wide.code, 'too_large', 'bytes of UTF-8 count');
  assert.equal((await visitor.say(id, 'x', { cseq: 1, kind: 'k'.repeat(33) })).code, 'too_large');
  assert.equal((await visitor.say(id, 'x', { cseq: 1, kind: '' })).code, 'bad_frame');
  assert.equal((await visitor.say(id, 7, { cseq: 1 })).code, 'bad_frame');
  const { seq } = await visitor.say(id, 'x'.repeat(16384), { cseq: 1 });
  assert.equal(seq, 3);
  assert.equal(
    (await visitor.say(id, '\u0001'.repeat(10_000), { cseq: 2 })).seq,
    4,
    'counted after unescaping',
  );
});

test("somebody else's conversation is not_found for everything, as one that does not exist", async () => {
  const { agent, id } = await t.pair();
  await agent.say(id, 'secret');
  await agent.say(id, 'secret note', { log: 'internal' });
  for (const peer of [await t.visitor(), await t.agent()]) {
    for (const which of [id, uuid()]) {
      const own = await peer.say(which, 'intruder');
      assert.deepEqual([own.code, own.conversation, own.cseq], ['not_found', which, 1]);
      // What would be denied to a participant is not_found to a stranger, and leaves no mark either.
      for (const more of [{}, { log: 'internal' }, { kind: 'closed' }]) {
        const { code } = await peer.say(which, 'again', { cseq: 1, ...more });
        assert.equal(code, 'not_found', `not consumed ${JSON.stringify(more)}`);
      }
      for (const frame of [
        { type: 'history', after: 0 },
        { type: 'history', before: 5 },
        { type: 'typing' },
        { type: 'close' },
        { type: 'read', seq: 1 },
        { type: 'delivered', seq: 1 },
      ]) {
        assert.equal(
          (await peer.request({ ...frame, conversation: which })).code,
          'not_found',
          frame.type,
        );
      }
    }
    assert.deepEqual((await peer.request({ type: 'list' })).conversations, []);
  }
  assert.deepEqual(
    (await agent.readAll(id)).slice(2).map((entry) => entry.body),
    ['secret'],
  );
});

test('after close a send gets closed, which consumes its cseq; a retry gets it again', async () => {
  const { visitor, agent, id } = await t.pair();
  const before = await visitor.say(id, 'before');
  assert.equal((await agent.request({ type: 'close', conversation: id })).type, 'done');
  const log = await visitor.reach(id, 4);
  assert.deepEqual(
    [log.entries.get(4).kind, log.entries.get(4).body, log.entries.get(4).from],
    ['closed', agent.id, ''],
  );
  for (const peer of [visitor, agent]) {
    const cseq = peer.conversations.get(id).next;
    assert.equal((await peer.say(id, 'late')).code, 'closed');
    assert.equal((await peer.say(id, 'late', { cseq })).code, 'closed');
    assert.equal((await peer.say(id, 'changed', { cseq })).code, 'conflict');
    assert.equal((await peer.say(id, 'later')).code, 'closed');
    assert.equal((await peer.say(id, 'gap', { cseq: cseq + 5 })).code, 'gap');
  }
  assert.deepEqual(
    await visitor.say(id, 'before', { cseq: 1 }),
    before,
    'a retry of what was stored',
  );
  const [view] = (await visitor.request({ type: 'list' })).conversations;
  assert.deepEqual([view.state, view.tail, view.accepted_cseq], ['closed', 4, 3]);
  await visitor.cut();
  assert.deepEqual((await visitor.resume()).conversations, []);
  assert.equal((await visitor.say(id, 'late', { cseq: 2 })).code, 'closed');
});

test('a burst around a close: what was stored stands before the entry closed, the rest is refused', async () => {
  for (let round = 0; round < 5; ++round) {
    const { visitor, agent, id } = await t.pair();
    const bodies = numbers(64).map((i) => `m${i}`);
    // A send may get `gap` behind one that is being judged again: the courier resends, as it must.
    const courier = new Courier(visitor, id, bodies);
    const [closed, outcomes] = await Promise.all([
      agent.request({ type: 'close', conversation: id }),
      courier.deliver(),
    ]);
    assert.equal(closed.type, 'done');
    const stored = outcomes.filter((outcome) => !outcome.code).length;
    assert.deepEqual(
      outcomes.map((outcome) => outcome.code ?? 'ack'),
      bodies.map((_, i) => (i < stored ? 'ack' : 'closed')),
    );
    const log = await agent.readAll(id);
    assert.equal(log.at(-1).kind, 'closed');
    assert.deepEqual(
      log.slice(2, -1).map((entry) => entry.body),
      bodies.slice(0, stored),
    );
  }
});

test('signals are relayed to the others, and only to them', async () => {
  const { visitor, agent, id } = await t.pair();
  const device = await t.visitor(visitor.id);
  const stranger = await t.agent();
  visitor.transmit({ type: 'typing', conversation: id });
  visitor.transmit({ type: 'typing', conversation: id, on: false });
  visitor.transmit({ type: 'delivered', conversation: id, seq: 2 });
  visitor.transmit({ type: 'read', conversation: id, seq: 1 });
  for (const peer of [agent, device]) {
    assert.deepEqual(await peer.take({ type: 'typing' }), {
      type: 'typing',
      conversation: id,
      from: visitor.id,
      on: true,
    });
    assert.deepEqual(await peer.take({ type: 'typing' }), {
      type: 'typing',
      conversation: id,
      from: visitor.id,
      on: false,
    });
    assert.deepEqual(await peer.take({ type: 'receipt' }), {
      type: 'receipt',
      conversation: id,
      from: visitor.id,
      delivered: 2,
    });
    assert.deepEqual(await peer.take({ type: 'receipt' }), {
      type: 'receipt',
      conversation: id,
      from: visitor.id,
      read: 1,
    });
  }
  for (const peer of [visitor, stranger]) {
    await peer.settle();
    assert.ok(!peer.frames.some((frame) => frame.type === 'typing' || frame.type === 'receipt'));
  }
});
