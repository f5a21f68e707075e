// Webhooks: a receiver that fails, hangs, hangs up and goes away, and a server that is killed.
// Nothing is lost, each log comes in its order, and every request is signed as Standard Webhooks
// say, which is verified here without any of kefu's code.

import assert from 'node:assert/strict';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fixture } from './fixture.mjs';
import { Random } from './random.mjs';

const kPatience = 60_000; // ms: a bound for what never comes
const secrets = [randomBytes(32), randomBytes(24)];
const secretFile = join(tmpdir(), `kefu-webhook-${process.pid}`);
writeFileSync(secretFile, secrets.map((key) => `whsec_${key.toString('base64')}\n`).join(''));

function verify(request, body) {
  const id = request.headers['webhook-id'];
  const at = request.headers['webhook-timestamp'];
  assert.ok(Math.abs(Number(at) - Date.now() / 1000) < 300, `a time that is near: ${at}`);
  const signatures = request.headers['webhook-signature'].split(' ');
  assert.equal(signatures.length, secrets.length);
  for (const [i, key] of secrets.entries()) {
    const [version, given] = signatures[i].split(',');
    assert.equal(version, 'v1');
    const expected = createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest();
    assert.ok(timingSafeEqual(Buffer.from(given, 'base64'), expected), 'the signature');
  }
}

/** Takes what `decide` lets it take: 'take', or a way to fail. */
class Receiver {
  port = 0;
  taken = new Map(); // webhook-id → payload, in the order of the first time
  seen = []; // every request's payload
  connections = 0;
  wrong = [];
  decide = () => 'take';
  #server = null;
  #waiting = new Set();

  async up() {
    this.#server = createServer((request, response) => {
      this.#on(request, response).catch((error) => this.wrong.push(error));
    });
    this.#server.on('connection', () => ++this.connections);
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = this.#server.address().port;
    return this;
  }
  async down() {
    const gone = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await gone;
  }

  async #on(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    assert.equal(request.method, 'POST');
    assert.equal(request.url, '/hook?of=kefu', 'no redirect was followed');
    verify(request, body);
    const payload = JSON.parse(body);
    assert.equal(payload.type, 'entry');
    const { conversation, log = 'public', seq } = payload.data;
    const id = request.headers['webhook-id'];
    assert.equal(id, `${conversation}-${log}-${seq}`);
    this.seen.push(payload);
    const what = this.decide(payload);
    if (what === 'hang') return;
    if (what === 'cut') return void request.socket.destroy();
    if (what === 'fail') return void response.writeHead(500).end('no');
    if (what === 'redirect') return void response.writeHead(307, { Location: '/else' }).end();
    if (!this.taken.has(id)) this.taken.set(id, payload);
    if (what === 'close') response.setHeader('Connection', 'close');
    if (what === 'chunks') response.write('some');
    if (what === 'flood') response.write('x'.repeat(200_000));
    response.end('done');
    for (const wake of this.#waiting) wake();
  }

  /** Resolves when `condition` holds, which is looked at after each request that was taken. */
  async until(condition, what) {
    let wake;
    const done = new Promise((resolve) => {
      wake = () => condition() && resolve();
    });
    this.#waiting.add(wake);
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`never: ${what}`)), kPatience);
    });
    wake();
    await Promise.race([done, late]).finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(wake);
    });
  }
}

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
