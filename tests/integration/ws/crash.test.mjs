// kill -9 and SIGTERM under load: nothing that was acknowledged is lost, nothing is doubled, the
// order stays.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Courier } from './courier.mjs';
import { fixture } from './fixture.mjs';
import { Random } from './random.mjs';

const t = fixture({ fixed: true });

/** Whether the log holds exactly what the couriers delivered. `after` of it are kefu's own. */
function verify(log, couriers, which = 'public') {
  for (const courier of couriers) {
    const { session } = courier.peer;
    const own = log.filter((entry) => entry.body.startsWith(`${session}/`));
    const expected = courier.bodies
      .map((body, i) => ({ body, cseq: i + 1, ...courier.outcomes[i] }))
      .filter(({ cseq, code }) => courier.log(cseq) === which && !code);
    assert.deepEqual(
      own.map(({ body, seq, at }) => ({ body, seq, at })),
      expected.map(({ body, seq, at }) => ({ body, seq, at })),
    );
  }
}

async function settle(couriers, observer, id) {
  if (!observer.isOpen) await observer.resume();
  const log = await observer.readAll(id);
  verify(log, couriers);
  for (const { peer, bodies } of couriers) {
    if (peer.isOpen) await peer.cut();
    const welcome = await peer.resume();
    assert.equal(welcome.conversations.find((view) => view.id === id).accepted_cseq, bodies.length);
    await peer.reach(id, log.length);
    for (const { seq, body } of log) assert.equal(peer.log(id).entries.get(seq).body, body);
  }
  return log;
}

const bodiesOf = (peer, count) =>
  Array.from({ length: count }, (_, i) => `${peer.session}/${i + 1}`);

test('kill -9 at random points, with several senders', async (context) => {
  const random = new Random();
  context.diagnostic(`seed ${random.seed}`);
  const { visitor, agent, id } = await t.pair();
  const phone = await t.visitor(visitor.id);
  const second = await t.agent(agent.id);
  const peers = [visitor, phone, agent, second];
  const kills = Array.from({ length: 12 }, () => 1 + random.below(1500)).sort((a, b) => a - b);
  let total = 0;
  let killed = 0;
  let restarting = null;
  const onOutcome = () => {
    if (++total < (kills[killed] ?? Infinity) || restarting) return;
    ++killed;
    // At once, or a few turns of this loop later: while a batch is under way, or its acks are.
    restarting = restart(random.below(4));
  };
  const restart = async (turns) => {
    for (; turns > 0; --turns) await turn();
    await t.desk.kill();
    await t.desk.up();
    restarting = null;
  };
  const couriers = peers.map(
    (peer) =>
      new Courier(peer, id, bodiesOf(peer, 400), {
        window: 1 + random.below(32),
        onOutcome,
        log: (cseq) => (peer.staff && cseq % 5 === 0 ? 'internal' : 'public'),
      }),
  );
  await Promise.all(couriers.map((courier) => courier.deliver()));
  await restarting;
  assert.ok(killed >= 5 && couriers.every((courier) => courier.resumed > 0), `${killed} kills`);
  context.diagnostic(
    `${killed} kills, ${couriers.reduce((sum, { repeated }) => sum + repeated, 0)} sends were repeated`,
  );
  const log = await settle(couriers, agent, id);
  assert.equal(log.length, 2 + 800 + 2 * 320);
  const notes = await agent.readAll(id, 'internal');
  assert.equal(notes.length, 160);
  verify(notes, couriers, 'internal');
});

test('kill -9 with refusals among the sends: each keeps its outcome', async () => {
  const { visitor, agent, id } = await t.pair();
  let acknowledged = 0;
  let restarting = null;
  const onOutcome = () => {
    if (++acknowledged % 70 === 0 && !restarting)
      restarting = t.desk
        .kill()
        .then(() => t.desk.up())
        .then(() => (restarting = null));
  };
  const courier = new Courier(visitor, id, bodiesOf(visitor, 300), {
    log: (cseq) => (cseq % 3 === 0 ? 'internal' : 'public'),
    onOutcome,
  });
  const outcomes = await courier.deliver();
  await restarting;
  assert.deepEqual(
    outcomes.map((outcome) => outcome.code ?? 'ack'),
    Array.from({ length: 300 }, (_, i) => ((i + 1) % 3 === 0 ? 'denied' : 'ack')),
  );
  await settle([courier], agent, id);
});

test('opening, accepting and closing survive a kill, and can be repeated', async () => {
  for (let round = 0; round < 3; ++round) {
    const [visitor, agent] = await Promise.all([t.visitor(), t.agent()]);
    const restart = async () => {
      await t.desk.kill();
      await t.desk.up();
      await Promise.all([visitor.resume(), agent.resume()]);
    };
    const { id } = await visitor.open();
    await agent.take({ type: 'offer', conversation: id });
    await restart();
    assert.equal((await visitor.open({ id })).id, id);
    await agent.take({ type: 'offer', conversation: id });
    // It may be lost, carried out, or answered: afterwards the same frame gets the same answer.
    agent.transmit({ type: 'accept', conversation: id });
    await restart();
    assert.equal((await agent.accept(id)).state, 'active');
    await agent.say(id, 'hello');
    await visitor.reach(id, 3);
    visitor.transmit({ type: 'close', conversation: id });
    await restart();
    assert.equal((await visitor.request({ type: 'close', conversation: id })).type, 'done');
    const log = await agent.readAll(id);
    assert.deepEqual(
      log.map((entry) => entry.kind),
      ['opened', 'assigned', 'text', 'closed'],
    );
    assert.notEqual((await visitor.open()).id, id);
  }
});

test('SIGTERM drains: 1012 for everyone, exit code 0, and what was acknowledged is there', async () => {
  for (let round = 0; round < 4; ++round) {
    const pairs = await Promise.all(Array.from({ length: 4 }, () => t.pair()));
    let stopping = null;
    let total = 0;
    const onOutcome = () => {
      if (++total === 150 && !stopping) {
        const ends = pairs.flatMap(({ visitor, agent }) => [visitor.gone(), agent.gone()]);
        stopping = t.desk.stop().then(async (exit) => {
          await t.desk.up();
          return { exit, ends: await Promise.all(ends) };
        });
      }
    };
    const couriers = pairs.flatMap(({ visitor, agent, id }) =>
      [visitor, agent].map((peer) => new Courier(peer, id, bodiesOf(peer, 60), { onOutcome })),
    );
    await Promise.all(couriers.map((courier) => courier.deliver()));
    const { exit, ends } = await stopping;
    assert.deepEqual(exit, { code: 0, signal: null }, t.desk.log.slice(-5).join('\n'));
    for (const end of ends) assert.deepEqual(end, { code: 1012, reason: 'shutting_down' });
    for (const [i, { agent, id }] of pairs.entries()) {
      await settle(couriers.slice(2 * i, 2 * i + 2), agent, id);
    }
  }
});

test('SIGTERM: a burst that is under way is acknowledged before the close', async () => {
  const { visitor, id } = await t.pair();
  visitor.transmit(Array.from({ length: 32 }, (_, i) => visitor.draft(id, `m${i}`)));
  await visitor.outcome(id, 1);
  const gone = visitor.gone();
  const exit = await t.desk.stop();
  assert.equal(exit.code, 0);
  assert.equal((await gone).code, 1012);
  await t.desk.up();
  await visitor.resume();
  assert.equal(visitor.conversations.get(id).view.accepted_cseq, 32);
});
