// history and reset.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from './fixture.mjs';

const t = fixture();
const numbers = (count, from = 1) => Array.from({ length: count }, (_, i) => from + i);
const seqs = (page) => page.entries.map((entry) => entry.seq);
const kMost = Number.MAX_SAFE_INTEGER;

async function fill(peer, id, bodies, options = {}, pace = null) {
  for (let i = 0; i < bodies.length; i += 32) {
    const part = bodies.slice(i, i + 32);
    await pace?.(part.length);
    for (const body of part) peer.send(id, body, options);
    await peer.outcome(id, peer.conversations.get(id).next - 1);
  }
}

/** For all who share it: resolves when so many more frames keep to `perSecond`. */
function paceOf(perSecond) {
  let free = performance.now();
  return (frames) => {
    const due = free;
    free = Math.max(free, performance.now()) + (frames / perSecond) * 1000;
    return new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
  };
}

test('history reads forwards and backwards, in order of seq', async () => {
  const { visitor, agent, id } = await t.pair();
  await fill(
    visitor,
    id,
    numbers(298).map((i) => `m${i}`),
  ); // with opened and assigned: 300
  const ask = (frame) => agent.request({ type: 'history', conversation: id, ...frame });
  const cases = [
    [{ after: 0, limit: 3 }, [1, 2, 3]],
    [{ after: 7, limit: 2 }, [8, 9]],
    [{ after: 298, limit: 10 }, [299, 300]],
    [{ after: 300 }, []],
    [{ after: kMost }, []],
    [{ after: 100 }, numbers(50, 101)],
    [{ after: 0, limit: 1000 }, numbers(200)],
    [{ before: 8, limit: 3 }, [5, 6, 7]],
    [{ before: 8, limit: 7 }, numbers(7)],
    [{ before: 8, limit: 100 }, numbers(7)],
    [{ before: 1 }, []],
    [{ before: 0 }, []],
    [{ before: 301, limit: 2 }, [299, 300]],
    [{ before: 250 }, numbers(50, 200)],
    [{ before: 260, limit: 1000 }, numbers(200, 60)],
    [{ before: 302, limit: 2 }, [299, 300]],
    [{ before: 10_000, limit: 2 }, [299, 300]],
    [{ before: kMost, limit: 2 }, [299, 300]],
    [{ before: kMost, limit: kMost }, numbers(200, 101)],
  ];
  for (const [frame, expected] of cases) {
    const page = await ask(frame);
    assert.deepEqual(page.entries && seqs(page), expected, JSON.stringify(frame));
    assert.equal(page.tail, 300);
  }
  const page = await visitor.request({ type: 'history', conversation: id, before: 6, limit: 2 });
  assert.deepEqual(
    page.entries.map(({ seq, body, origin, from, role, kind }) => ({
      seq,
      body,
      origin,
      from,
      role,
      kind,
    })),
    numbers(2).map((i) => ({
      seq: i + 3,
      body: `m${i + 1}`,
      origin: { session: visitor.session, cseq: i + 1 },
      from: visitor.id,
      role: 'visitor',
      kind: 'text',
    })),
  );
  for (const frame of [
    {},
    { before: 3, after: 1 },
    { after: 0, limit: 0 },
    { after: -1 },
    { after: 1.5 },
    { after: '1' },
    { after: 0, log: 'secret' },
  ]) {
    assert.equal((await ask(frame)).code, 'bad_frame', JSON.stringify(frame));
  }
});

test('the internal log is read by itself', async () => {
  const { agent, id } = await t.pair();
  for (let i = 1; i <= 5; ++i) {
    await agent.say(id, `note ${i}`, { log: 'internal' });
    await agent.say(id, `text ${i}`);
  }
  const page = await agent.request({
    type: 'history',
    conversation: id,
    log: 'internal',
    before: kMost,
  });
  assert.equal(page.log, 'internal');
  assert.deepEqual(
    page.entries.map(({ seq, after, body }) => [seq, after, body]),
    numbers(5).map((i) => [i, i + 1, `note ${i}`]),
  );
  assert.deepEqual(
    seqs(await agent.request({ type: 'history', conversation: id, log: 'public', after: 2 })),
    numbers(5, 3),
  );
});

test('pages of large entries stay within max_answer, and lose nothing', async () => {
  const { visitor, agent, id } = await t.pair();
  // Escaped, every second one is six times as long; a page of 200 would be 8 MB.
  await fill(
    visitor,
    id,
    numbers(220).map((i) => `${i}`.padEnd(i % 2 ? 10_000 : 16_384, i % 2 ? '\u0001' : 'x')),
  );
  const forwards = await agent.readAll(id);
  assert.equal(forwards.length, 222);
  const backwards = [];
  for (let before = 223; before > 1;) {
    const page = await agent.request({ type: 'history', conversation: id, before, limit: 200 });
    assert.equal(page.type, 'history');
    assert.ok(page.entries.length > 0, `nothing before ${before}`);
    assert.equal(page.entries.at(-1).seq, before - 1, 'a page ends where it was asked to');
    backwards.unshift(...page.entries);
    before = page.entries[0].seq;
  }
  assert.deepEqual(backwards, forwards);
});

test('a device that is more than replay_limit behind gets reset, and goes on from the tail', async () => {
  const { visitor, agent, id } = await t.pair();
  // 1,000 frames a second for a connection: so several devices of the visitor write, and together
  // keep to the 2,000 of a participant.
  const pace = paceOf(1900);
  const devices = await Promise.all(numbers(11).map(() => t.visitor(visitor.id)));
  await Promise.all(
    devices.map((device, d) =>
      fill(
        device,
        id,
        numbers(910).map((i) => `${d}/${i}`),
        {},
        pace,
      ),
    ),
  );
  const tail = 2 + 11 * 910;
  assert.ok(tail > 10_000);
  await agent.reach(id, tail);
  const late = t.peer('visitor', visitor.id);
  await late.begin();
  const reset = await late.take({ type: 'reset' });
  assert.deepEqual(reset, { type: 'reset', conversation: id, tail, reason: 'replay_limit' });
  await agent.say(id, 'next');
  assert.equal((await late.reach(id, tail + 1)).entries.get(tail + 1).body, 'next');
  assert.equal(late.frames.filter((frame) => frame.type === 'entry').length, 1);
  // Exactly at the limit everything comes.
  await late.cut();
  late.log(id).position = tail + 1 - 10_000;
  await late.resume();
  await late.reach(id, tail + 1);
  assert.equal(late.frames.filter((frame) => frame.type === 'entry').length, 10_000);
  assert.ok(!late.frames.some((frame) => frame.type === 'reset'));
  const all = await late.readAll(id);
  for (const d of numbers(11, 0)) {
    assert.deepEqual(
      all.map((entry) => entry.body).filter((body) => body.startsWith(`${d}/`)),
      numbers(910).map((i) => `${d}/${i}`),
    );
  }
});
