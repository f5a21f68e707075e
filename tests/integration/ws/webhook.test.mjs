// Webhooks: a receiver that fails, hangs, hangs up and goes away, and a server that is killed.
// Nothing is lost, each log comes in its order, and every request is signed.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { fixture } from './fixture.mjs';
import { Random } from './random.mjs';
import { Receiver, secretFile } from './receiver.mjs';

const receiver = await new Receiver().up();
const options = [
  ...['--routing', 'pick', '--webhook-timeout', '0.5', '--webhook-secret-file', secretFile],
  ...['--webhook', `http://localhost:${receiver.port}/hook?of=kefu`],
];
const t = fixture({ fixed: true, options: [...options, '--webhook-allow-private'] });
const impatient = ['--webhook-attempts', '2'];
const quitter = fixture({
  fixed: true,
  options: [...options, ...impatient, '--webhook-allow-private'],
});
const guarded = fixture({ options: [...options, ...impatient] });
after(() => {
  rmSync(secretFile);
  return receiver.down();
});

const bodiesOf = (id) =>
  [...receiver.taken.values()]
    .filter(({ data }) => data.conversation === id && (data.log ?? 'public') === 'public')
    .map(({ data }) => data);

test('nothing is lost and each log keeps its order, whatever fails', async (context) => {
  const random = new Random();
  context.diagnostic(`seed ${random.seed}`);
  const failures = ['fail', 'fail', 'redirect', 'cut', 'hang'];
  const ways = ['take', 'take', 'close', 'chunks', 'flood'];
  receiver.decide = () =>
    random.below(20) === 0 ? failures[random.below(5)] : ways[random.below(5)];
  const pairs = await Promise.all([t.pair(), t.pair(), t.pair(), t.pair()]);
  const say = async (from, to) => {
    for (let i = from; i < to; ++i)
      await Promise.all(pairs.map(({ visitor, id }) => visitor.say(id, `message ${i}`)));
  };
  await say(0, 10);
  await receiver.down();
  await say(10, 20);
  await t.desk.kill();
  await t.desk.up();
  await receiver.up();
  await Promise.all(pairs.flatMap(({ visitor, agent }) => [visitor.resume(), agent.resume()]));
  await say(20, 25);
  for (const { agent, id } of pairs) {
    const log = await agent.readAll(id);
    assert.equal(log.length, 27); // opened, assigned, and what was said
    await receiver.until(() => bodiesOf(id).length >= log.length, `all of ${id}`);
    assert.deepEqual(
      bodiesOf(id).map(({ seq, body }) => ({ seq, body })),
      log.map(({ seq, body }) => ({ seq, body })),
    );
  }
  assert.deepEqual(receiver.wrong, []);
  context.diagnostic(`${receiver.seen.length} requests, ${receiver.connections} connections`);
});

test('what always fails becomes a dead letter, holds back nobody else, and is replayed', async () => {
  let poisoned = true;
  receiver.decide = ({ data }) => (poisoned && data.body === 'poison' ? 'fail' : 'take');
  const bad = await quitter.pair();
  const good = await quitter.pair();
  await bad.visitor.say(bad.id, 'poison');
  await bad.visitor.say(bad.id, 'behind it');
  await good.visitor.say(good.id, 'hello');
  await receiver.until(() => bodiesOf(bad.id).length === 3, 'the successor');
  assert.deepEqual(
    bodiesOf(bad.id).map(({ seq }) => seq),
    [1, 2, 4],
  );
  const marked = [...receiver.taken.values()].filter((payload) => payload.after_dead_letter);
  assert.deepEqual(
    marked.map(({ data }) => data.body),
    ['behind it'],
  );
  await receiver.until(() => bodiesOf(good.id).length === 3, 'the other conversation');

  poisoned = false;
  quitter.desk.options.push('--webhook-replay');
  await quitter.desk.stop();
  await quitter.desk.up();
  await receiver.until(() => bodiesOf(bad.id).length === 4, 'the replay');
  const last = bodiesOf(bad.id).at(-1);
  assert.equal(last.body, 'poison');
  assert.ok([...receiver.taken.values()].some(({ data, replayed }) => replayed && data === last));
  assert.deepEqual(receiver.wrong, []);
});

test('a private address is refused unless allowed', async () => {
  const { id } = await guarded.pair();
  await guarded.desk.until(`conversation ${id} given up after 2 attempts: denied`);
  assert.ok(!receiver.seen.some(({ data }) => data.conversation === id));
});
