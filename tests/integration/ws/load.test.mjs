// Many at once, and a reader that does not read.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Courier } from './courier.mjs';
import { fixture, sanitized } from './fixture.mjs';

const t = fixture();
const numbers = (count, from = 1) => Array.from({ length: count }, (_, i) => from + i);

test('a slow reader gets everything once it reads again; others do not wait, and the server does not swell', async (context) => {
  const [{ visitor, agent, id }, others] = [await t.pair(), await t.pair()];
  const watcher = await t.agent(agent.id);
  const phones = await Promise.all(numbers(3).map(() => t.visitor(visitor.id)));
  const before = t.desk.memory;
  agent.socket.pause();
  // 48 MB for each reader: more than the sockets' buffers take.
  const filler = 'x'.repeat(16_000);
  const senders = phones.map(
    (phone, p) =>
      new Courier(
        phone,
        id,
        numbers(1000).map((i) => `${p}/${i} ${filler}`),
        { window: 16 },
      ),
  );
  let flooding = true;
  const chat = (async () => {
    // of others, beside it
    let count = 0;
    for (; flooding; ++count) {
      const { seq } = await others.visitor.say(others.id, `ping ${count}`);
      await others.agent.reach(others.id, seq);
    }
    return count;
  })();
  await Promise.all(senders.map((sender) => sender.deliver()));
  const tail = 2 + 3000;
  await Promise.all([watcher, visitor].map((peer) => peer.reach(id, tail)));
  flooding = false;
  const pings = await chat;
  assert.ok(pings >= 10, `others chatted meanwhile: ${pings}`);
  context.diagnostic(`${pings} messages of others meanwhile`);
  assert.ok(
    agent.log(id).position < tail / 2,
    `the slow one has read up to ${agent.log(id).position}`,
  );
  const grown = t.desk.memory - before;
  if (!sanitized)
    assert.ok(grown < 24 * 2 ** 20, `the server grew by ${Math.round(grown / 1024)} KiB`);
  // The cseq's of the slow one work as ever, and its own entry stands where it should.
  agent.socket.resume();
  const slow = await agent.reach(id, tail);
  const read = watcher.log(id);
  for (const seq of numbers(tail))
    assert.equal(slow.entries.get(seq).body, read.entries.get(seq).body);
  assert.equal((await agent.say(id, 'finally')).seq, tail + 1);
  assert.ok(!agent.frames.some((frame) => frame.type === 'reset'));
});

test('a slow reader that sends: its sends are stored, and answered when it reads', async () => {
  const { visitor, agent, id } = await t.pair();
  agent.socket.pause();
  const filler = 'x'.repeat(16_000);
  for (const i of numbers(32)) agent.send(id, `own ${i}`);
  await new Courier(
    visitor,
    id,
    numbers(900).map((i) => `${i} ${filler}`),
  ).deliver();
  agent.socket.resume();
  await agent.outcome(id, 32);
  const tail = 2 + 932;
  const log = await agent.reach(id, tail);
  await visitor.reach(id, tail);
  for (const seq of numbers(tail))
    assert.equal(log.entries.get(seq).body, visitor.log(id).entries.get(seq).body);
});

test('200 connections, in 100 conversations of 20 agents', async () => {
  const agents = await Promise.all(numbers(20).map(() => t.agent()));
  const visitors = await Promise.all(numbers(90).map(() => t.visitor()));
  const phones = await Promise.all(visitors.map(({ id }) => t.visitor(id)));
  assert.equal(agents.length + visitors.length + phones.length, 200);
  const rounds = 10;
  await Promise.all(
    visitors.map(async (visitor, v) => {
      const agent = agents[v % agents.length];
      const phone = phones[v];
      const { id } = await visitor.open();
      await agent.take({ type: 'offer', conversation: id });
      await agent.accept(id);
      const couriers = [visitor, phone, agent].map(
        (peer) =>
          new Courier(
            peer,
            id,
            numbers(rounds).map((i) => `${peer.session}/${i}`),
            { window: 4 },
          ),
      );
      await phone.reach(id, 1); // it has joined
      await Promise.all(couriers.map((courier) => courier.deliver()));
      const tail = 2 + 3 * rounds;
      const logs = await Promise.all([visitor, phone, agent].map((peer) => peer.reach(id, tail)));
      for (const seq of numbers(tail)) {
        assert.equal(logs[0].entries.get(seq).body, logs[1].entries.get(seq).body);
        assert.equal(logs[0].entries.get(seq).body, logs[2].entries.get(seq).body);
      }
      for (const { peer, bodies } of couriers) {
        assert.deepEqual(
          numbers(tail)
            .map((seq) => logs[0].entries.get(seq).body)
            .filter((body) => body.startsWith(peer.session)),
          bodies,
        );
      }
    }),
  );
});

test('all of 100 cut connections come back at once', async () => {
  const pairs = await Promise.all(numbers(50).map(() => t.pair()));
  for (let round = 0; round < 3; ++round) {
    await Promise.all(
      pairs.flatMap(({ visitor, agent, id }) => {
        visitor.send(id, `before the cut ${round}`);
        return [visitor.cut(), agent.cut()];
      }),
    );
    await Promise.all(
      pairs.map(async ({ visitor, agent, id }) => {
        await Promise.all([visitor.resume(), agent.resume()]);
        const cseq = round + 1; // whether it was stored or not: sending it again is safe
        const { seq } = await visitor.say(id, `before the cut ${round}`, { cseq });
        assert.equal(seq, cseq + 2);
        await agent.reach(id, seq);
      }),
    );
  }
});
