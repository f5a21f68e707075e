// Three nodes on one PostgreSQL and one NATS: any client on any of them, and no difference.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Courier } from '../ws/courier.mjs';
import { Cluster } from './cluster.mjs';
import { quantile } from './talk.mjs';

let cluster;
before(async () => {
  cluster = await Cluster.start(3);
});
afterEach(() => cluster.check());
after(() => cluster?.remove());

const bodiesOf = (peer, count) => Array.from({ length: count }, (_, i) => `${peer.id}/${i + 1}`);

test('visitor and agent on different nodes: one order, each message once', async () => {
  const { visitor, agent, id } = await cluster.pair(0, 1);
  const peers = [visitor, agent];
  const couriers = peers.map((peer) => new Courier(peer, id, bodiesOf(peer, 500)));
  await Promise.all(couriers.map((courier) => courier.deliver()));
  await Promise.all(peers.map((peer) => peer.reach(id, 2 + 2 * 500)));
  const log = await visitor.readAll(id);
  assert.equal(log.length, 2 + 2 * 500);
  for (const [i, peer] of peers.entries()) {
    for (const { seq, body } of log) assert.equal(peer.log(id).entries.get(seq).body, body);
    const own = log.filter(({ body }) => body.startsWith(`${peer.id}/`));
    assert.deepEqual(
      own.map(({ seq, body }) => ({ seq, body })),
      couriers[i].outcomes.map(({ seq }, n) => ({ seq, body: couriers[i].bodies[n] })),
    );
  }
});

test('how long a message takes to a reader on another node', async (context) => {
  const { visitor, agent, id } = await cluster.pair(0, 1);
  const times = await delays(visitor, agent, id, 300);
  context.diagnostic(`from send to entry on the other node: ${figures(times)}`);
});

test('a session goes on at another node, and a retry there is no second message', async () => {
  const { visitor, agent, id } = await cluster.pair(0, 1);
  const first = await visitor.say(id, 'one');
  await visitor.cut();
  await agent.say(id, 'meanwhile');
  await visitor.desk.up();
  assert.equal(visitor.desk.node, 1);
  const welcome = await visitor.resume();
  assert.equal(welcome.conversations.find((view) => view.id === id).accepted_cseq, 1);
  const again = await visitor.say(id, 'one', { cseq: 1 });
  assert.deepEqual({ seq: again.seq, at: again.at }, { seq: first.seq, at: first.at });
  await visitor.say(id, 'two');
  await visitor.desk.up();
  await visitor.resume(); // on the third, while the second still has it
  await visitor.say(id, 'three');
  const log = await agent.readAll(id);
  assert.deepEqual(
    log.slice(2).map(({ body }) => body),
    ['one', 'meanwhile', 'two', 'three'],
  );
  await visitor.reach(id, log.length);
});

test('the fence: an old connection on one node ends when the session is at another', async (context) => {
  const times = [];
  for (let round = 0; round < 5; ++round) {
    const { visitor, agent, id } = await cluster.pair(0, 1);
    await visitor.say(id, 'before');
    const old = visitor.socket;
    const said = [];
    old.on('message', (data) => said.push(...[JSON.parse(data)].flat()));
    const ended = new Promise((resolve) => old.once('close', (code) => resolve(code)));
    await visitor.desk.up();
    await visitor.resume();
    const begin = performance.now();
    // What the old connection still says is not stored.
    const draft = { type: 'send', conversation: id, cseq: 2, kind: 'text', body: 'from the past' };
    old.send(JSON.stringify(draft));
    const { seq } = await visitor.say(id, 'from now', { cseq: 2 });
    await ended;
    times.push(performance.now() - begin);
    assert.ok(!said.some(({ type, cseq }) => type === 'ack' && cseq === 2));
    const log = await agent.readAll(id);
    assert.deepEqual(
      log.slice(2).map(({ body }) => body),
      ['before', 'from now'],
    );
    assert.equal(seq, log.length);
  }
  // Silent ones, which only the round of leases finds.
  const silent = [];
  for (let round = 0; round < 5; ++round) {
    const visitor = await cluster.peer('visitor', 0).begin();
    const ended = new Promise((resolve) => visitor.socket.once('close', resolve));
    await visitor.desk.up();
    await visitor.resume();
    const begin = performance.now();
    await ended;
    silent.push(performance.now() - begin);
    await pause(200);
  }
  context.diagnostic(`one that speaks: ${figures(times)}; a silent one: ${figures(silent)}`);
});

test('one node without NATS reads on, later; with it again, at once', async (context) => {
  const { visitor, agent, id } = await cluster.pair(0, 1);
  const before = await delays(visitor, agent, id, 50);
  cluster.relays[1].cut();
  const without = await delays(visitor, agent, id, 8);
  cluster.relays[1].mend();
  await until(async () => (await delays(visitor, agent, id, 1))[0] < 1000);
  const again = await delays(visitor, agent, id, 50);
  context.diagnostic(
    `to a reader on the node: with ${figures(before)}; without ${figures(without)}; again ${figures(again)}`,
  );
});

test('a hint that got lost is told again by the heartbeat', async (context) => {
  const { visitor, agent, id } = await cluster.pair(0, 1);
  const times = [];
  for (let round = 0; round < 10; ++round) {
    await delays(visitor, agent, id, 1);
    cluster.relays[1].cut();
    const { seq } = await visitor.say(id, `lost ${round}`);
    const begin = performance.now();
    cluster.relays[1].mend();
    await agent.reach(id, seq);
    times.push(performance.now() - begin);
  }
  context.diagnostic(`from the return of NATS to the entry: ${figures(times)}`);
});

test('NATS is killed and started again under load: nothing is missing', async () => {
  const pairs = await Promise.all([cluster.pair(0, 1), cluster.pair(1, 2), cluster.pair(2, 0)]);
  const couriers = pairs.flatMap(({ visitor, agent, id }) =>
    [visitor, agent].map((peer) => new Courier(peer, id, bodiesOf(peer, 300), { window: 4 })),
  );
  const delivered = Promise.all(couriers.map((courier) => courier.deliver()));
  await cluster.nats.kill();
  await pause(300);
  await cluster.nats.up();
  await delivered;
  for (const { visitor, agent, id } of pairs) {
    await Promise.all([visitor.reach(id, 602), agent.reach(id, 602)]);
    assert.equal((await agent.readAll(id)).length, 602);
  }
});

/** How long each of so many messages takes, from send to entry, ms. */
async function delays(from, to, id, count) {
  const times = [];
  for (let i = 0; i < count; ++i) {
    const begin = performance.now();
    let arrived = 0;
    const said = from.say(id, `timed ${i}`);
    const { seq } = await said;
    await to.reach(id, seq);
    arrived = performance.now();
    times.push(arrived - begin);
  }
  return times;
}

async function until(holds) {
  while (!(await holds()));
}

function figures(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const ms = (q) => quantile(sorted, q).toFixed(1);
  return `p50 ${ms(0.5)} ms, p99 ${ms(0.99)}, worst ${ms(1)}`;
}
