// Bad input: it gets a typed error or a close code, costs bounded memory, and harms nobody else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture, sanitized } from './fixture.mjs';
import { uuid } from './peer.mjs';
import { Random } from './random.mjs';

const t = fixture();
const kMemory = 24 * 2 ** 20; // bytes that the server may grow by

/** Nothing of what `attack` does changes how others are served, or what memory the server has. */
async function besides(attack, memory = kMemory) {
  const { visitor, agent, id } = await t.pair();
  await visitor.say(id, 'before');
  const before = t.desk.memory;
  let over = false;
  const chat = (async () => {
    let count = 0;
    do {
      const { seq } = await visitor.say(id, `meanwhile ${++count}`);
      await agent.reach(id, seq);
    } while (!over || count < 10);
    return count;
  })();
  await attack();
  over = true;
  const count = await chat;
  assert.equal((await agent.readAll(id)).length, 3 + count);
  const grown = t.desk.memory - before;
  if (!sanitized) assert.ok(grown < memory, `the server grew by ${Math.round(grown / 1024)} KiB`);
}

test('what is no frame gets bad_frame, and the connection lives', async () => {
  const peer = await t.visitor();
  const id = uuid();
  const bad = [
    '',
    ' ',
    '{',
    '}',
    '[',
    'nonsense',
    '"text"',
    '1',
    'null',
    'true',
    '{}',
    '[1]',
    '[[]]',
    '["a"]',
    '{"type":1}',
    '{"type":null}',
    '{"type":"list",}',
    '{"type":"list"} {}',
    '{"type":"list"}x',
    "{'type':'list'}",
    '{"type":"list","type":"list"}',
    '\ufeff{"type":"list"}',
    '{"type":"list","limit":1e1}',
    '{"type":"list","limit":-1}',
    '{"type":"list","limit":1.0}',
    '{"type":"list","limit":"1"}',
    '{"type":"list","limit":9007199254740992}',
    '{"type":"list","limit":01}',
    '{"type":"list","after":"\\ud800"}',
    '{"type":"list","after":"\\x"}',
    '{"type":"list","after":"\u0007"}',
    '{"type":"accept"}',
    '{"type":"accept","conversation":"x"}',
    '{"type":"accept","conversation":"00000000-0000-0000-0000-000000000000"}',
    `{"type":"accept","conversation":"${id}x"}`,
    '{"type":"hello"}',
  ];
  for (const text of bad) {
    peer.transmit(text);
    const { code } = await peer.take({ type: 'error' });
    assert.equal(code, 'bad_frame', text);
  }
  assert.equal(
    (
      await peer.request({
        type: 'list',
        limit: null,
        after: null,
        unknown: { deep: [1, { x: null }] },
      })
    ).type,
    'list',
    'null is absent, unknown fields are ignored',
  );
  assert.equal((await peer.request({ type: 'list' })).type, 'list');
});

test('an unknown type is unsupported, and echoes its ref', async () => {
  const peer = await t.visitor();
  for (const type of [
    'about',
    'queue',
    'agents',
    'left',
    'welcome',
    'ack',
    '',
    'x'.repeat(10_000),
    'LIST',
    'list ',
    '谢谢',
    '\u0000',
  ]) {
    assert.equal((await peer.request({ type, conversation: uuid() })).code, 'unsupported', type);
  }
  assert.equal((await peer.request({ type: 'list' })).type, 'list');
});

test('visitors keep nobody out, and recall nothing that is not there', async () => {
  const peer = await t.visitor();
  const refused = async (frame, code) => assert.equal((await peer.request(frame)).code, code, JSON.stringify(frame));
  await refused({ type: 'recall', conversation: uuid() }, 'bad_frame');
  await refused({ type: 'recall', conversation: uuid(), seq: 1 }, 'not_found');
  await refused({ type: 'ban', participant: 'someone' }, 'denied');
  await refused({ type: 'lift', participant: 'someone' }, 'denied');
  await refused({ type: 'search' }, 'bad_frame');
  await refused({ type: 'search', text: '' }, 'bad_frame');
  assert.equal((await peer.request({ type: 'list' })).type, 'list');
});

test('a ref comes back whatever it is; one that is too long is too_large', async () => {
  const peer = await t.visitor();
  for (const ref of ['x', '谢谢', '"quotes"\\', '\u0000\n', 'x'.repeat(64)]) {
    peer.transmit({ type: 'list', ref });
    assert.equal((await peer.take({ ref })).type, 'list');
  }
  peer.transmit({ type: 'list', ref: 'x'.repeat(65) });
  assert.equal((await peer.take({ type: 'error' })).code, 'too_large');
  peer.transmit({ type: 'list', ref: 7 });
  assert.equal((await peer.take({ type: 'error' })).code, 'bad_frame');
});

test('in an array each frame is judged on its own', async () => {
  const peer = await t.visitor();
  peer.transmit([]);
  peer.transmit([
    { type: 'list', ref: 'a' },
    7,
    { type: 'nonsense', ref: 'b' },
    { type: 'list', limit: -1, ref: 'c' },
    [],
    { type: 'list', ref: 'd' },
  ]);
  assert.equal((await peer.take({ ref: 'd' })).type, 'list');
  assert.equal((await peer.take({ ref: 'a' })).type, 'list');
  assert.equal((await peer.take({ ref: 'b' })).code, 'unsupported');
  assert.equal((await peer.take({ ref: 'c' })).code, 'bad_frame');
  assert.equal(peer.frames.filter((frame) => frame.code === 'bad_frame').length, 3);
  peer.transmit(
    '[{"type":"list","ref":"e"},{"type":"list","ref":"f"},{"type":"list" "ref":"g"},{"type":"list","ref":"h"}]',
  );
  assert.equal((await peer.take({ ref: 'e' })).type, 'list');
  assert.equal((await peer.take({ ref: 'f' })).type, 'list');
  await peer.settle();
  assert.ok(!peer.has({ ref: 'h' }));
  assert.equal(peer.frames.filter((frame) => frame.code === 'bad_frame').length, 4);
});

test('of an array that is too long the first 64 frames are served, with one too_large', async () => {
  const peer = await t.visitor();
  peer.transmit(Array.from({ length: 70 }, (_, i) => ({ type: 'nonsense', ref: `n${i}` })));
  assert.equal((await peer.take({ code: 'too_large' })).ref, undefined);
  await peer.settle();
  const served = peer.frames
    .filter((frame) => frame.code === 'unsupported')
    .map((frame) => frame.ref);
  assert.deepEqual(
    served,
    Array.from({ length: 64 }, (_, i) => `n${i}`),
  );
  assert.equal(peer.frames.filter((frame) => frame.code === 'too_large').length, 1);
});

test('deep nesting is a bad frame at most', async () => {
  const peer = await t.visitor();
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"a":', '}]'],
  ]) {
    for (const depth of [10, 100, 1000, 5000]) {
      const inner = `${open.repeat(depth)}1${close.repeat(depth)}`;
      peer.transmit(`{"type":"list","ref":"${depth}","x":${inner}}`);
      peer.transmit(inner);
      await peer.settle();
      const wrong = peer.frames.filter((frame) => frame.code === 'bad_frame').length;
      const served = peer.frames.some(
        (frame) => frame.ref === String(depth) && frame.type === 'list',
      );
      assert.ok(served || depth >= 1000, `${open} × ${depth}`);
      assert.ok(wrong >= (served ? 1 : 2), `${open} × ${depth}`);
      peer.frames = [];
    }
  }
  for (const text of [
    '['.repeat(60_000),
    '{"a":'.repeat(12_000),
    '[['.repeat(20_000) + ']]'.repeat(10_000),
  ]) {
    peer.transmit(text);
    await peer.take({ code: 'bad_frame' });
  }
  assert.equal((await peer.request({ type: 'list' })).type, 'list');
});

test('a message above max_frame is closed with 1009, one of just that size is served', async () => {
  const peer = await t.visitor();
  const head = '{"type":"list","ref":"big","x":"';
  peer.transmit(`${head}${'x'.repeat(65_536 - head.length - 2)}"}`);
  assert.equal((await peer.take({ ref: 'big' })).type, 'list');
  peer.transmit(`${head}${'x'.repeat(65_537 - head.length - 2)}"}`);
  assert.equal((await peer.gone()).code, 1009);
});

test('a large message in small fragments is closed with 1009 too, before it is whole', async () => {
  const peer = await t.visitor();
  const part = 'x'.repeat(1000);
  for (let i = 0; i < 80; ++i) peer.socket.send(part, { fin: false });
  assert.equal((await peer.gone()).code, 1009);
});

test('fragments, pings between them and pongs are understood', async () => {
  const peer = await t.visitor();
  const text = Buffer.from('{"type":"list","ref":"谢谢"}');
  const ponged = new Promise((resolve) =>
    peer.socket.once('pong', (data) => resolve(data.toString())),
  );
  for (let i = 0; i < text.length; ++i) {
    peer.socket.send(text.subarray(i, i + 1), { fin: i + 1 === text.length, binary: false });
    if (i === 5) peer.socket.ping('are you there');
  }
  assert.equal(await ponged, 'are you there');
  assert.equal((await peer.take({ ref: '谢谢' })).type, 'list');
  peer.socket.pong('unasked');
  assert.equal((await peer.request({ type: 'list' })).type, 'list');
});

test('a binary message is closed with 1003', async () => {
  for (const data of [Buffer.from('{"type":"list"}'), Buffer.alloc(0), Buffer.alloc(5000)]) {
    const peer = await t.visitor();
    peer.socket.send(data, { binary: true });
    assert.equal((await peer.gone()).code, 1003);
  }
});

test('what is not UTF-8 is closed with 1007', async () => {
  const cases = {
    'a stray byte': [0xff],
    'a surrogate': [0xed, 0xa0, 0x80],
    overlong: [0xc0, 0xaf],
    'beyond Unicode': [0xf4, 0x90, 0x80, 0x80],
    'cut off': [0xe8, 0xb0],
  };
  for (const [what, bytes] of Object.entries(cases)) {
    const peer = await t.visitor();
    peer.socket.send(
      Buffer.concat([Buffer.from('{"type":"list","x":"'), Buffer.from(bytes), Buffer.from('"}')]),
      { binary: false },
    );
    assert.equal((await peer.gone()).code, 1007, what);
  }
});

test('an orderly close is answered; what was sent before it is stored', async () => {
  const { visitor, agent, id } = await t.pair();
  visitor.send(id, 'goodbye');
  visitor.socket.close(1000);
  assert.equal((await visitor.gone()).code, 1000);
  assert.equal((await agent.reach(id, 3)).entries.get(3).body, 'goodbye');
});

test('above frames_per_second frames are rate_limited, the connection lives, and others are not slowed', async () => {
  await besides(async () => {
    const peer = await t.visitor();
    const begun = Date.now();
    for (let i = 0; i < 60; ++i)
      peer.transmit(
        Array.from({ length: 50 }, (_, k) => ({
          type: 'typing',
          conversation: uuid(),
          ref: `${i}/${k}`,
        })),
      );
    await peer.until(
      () => peer.frames.length > 3000,
      () => '3,000 answers',
      true,
    );
    const codes = Map.groupBy
      ? Map.groupBy(peer.frames, (frame) => frame.code)
      : peer.frames.reduce(
          (map, frame) => map.set(frame.code, [...(map.get(frame.code) ?? []), frame]),
          new Map(),
        );
    const most = 1000 + (1000 * (Date.now() - begun)) / 1000 + 100;
    assert.ok(codes.get('not_found').length >= 900, 'a burst is served');
    assert.ok(codes.get('not_found').length <= most, 'and no more');
    const refused = codes.get('rate_limited')?.length ?? 0;
    assert.equal(codes.get('not_found').length + refused, 3000);
    // A send that was too much names its cseq, did not consume it, and is taken later.
    const { id } = await (async () => {
      for (;;) {
        // until the bucket has filled up a little
        const answer = await peer.request({ type: 'open', id: uuid(), department: 'support' });
        if (answer.type === 'joined') return answer.conversation;
        assert.equal(answer.code, 'rate_limited');
      }
    })();
    peer.transmit(Array.from({ length: 64 }, () => ({ type: 'typing', conversation: id })));
    for (;;) {
      const outcome = await peer.say(id, 'patience', { cseq: 1 });
      if (!outcome.code) break;
      assert.equal(outcome.code, 'rate_limited');
    }
  });
});

test('10,000 mutated frames on a few connections', async (context) => {
  const random = new Random();
  context.diagnostic(`seed ${random.seed}`);
  const id = uuid();
  const seeds = [
    {
      type: 'hello',
      token: 'x',
      session: id,
      epoch: 5,
      positions: [{ conversation: id, seq: 1, internal: 2 }],
    },
    { type: 'token', token: 'x' },
    { type: 'open', id, department: 'd', subject: 's' },
    { type: 'send', conversation: id, cseq: 1, kind: 'text', body: 'b' },
    { type: 'note', conversation: id, cseq: 1, body: 'b' },
    { type: 'delivered', conversation: id, seq: 1 },
    { type: 'read', conversation: id, seq: 1 },
    { type: 'typing', conversation: id, on: true },
    { type: 'history', conversation: id, before: 5, limit: 9 },
    { type: 'list', after: 'x', limit: 5 },
    { type: 'accept', conversation: id },
    { type: 'close', conversation: id },
  ].map((frame) => JSON.stringify(frame));
  const mutate = (text) => {
    let out = text;
    for (let n = 1 + random.below(4); n > 0; --n) {
      const at = random.below(out.length + 1);
      const other = random.pick(seeds);
      switch (random.below(8)) {
        case 0:
          out = out.slice(0, at) + String.fromCharCode(random.below(128)) + out.slice(at);
          break;
        case 1:
          out = out.slice(0, at) + out.slice(at + 1 + random.below(5));
          break;
        case 2:
          out = out.slice(0, at) + other.slice(random.below(other.length));
          break;
        case 3:
          out =
            out.slice(0, at) +
            random.pick([
              '"',
              '{',
              '}',
              '[',
              ']',
              ',',
              ':',
              '\\',
              'null',
              '-1',
              '1e9',
              '9'.repeat(30),
              '\\ud83d',
              '\u0000',
              '谢',
            ]) +
            out.slice(at);
          break;
        case 4:
          out = `[${out},${other}]`;
          break;
        case 5:
          out = out.replace(/"[^"]*"/, JSON.stringify('x'.repeat(random.below(300))));
          break;
        case 6:
          out = out.replace(/\d+/, String(random.below(2 ** 32) * random.below(2 ** 31)));
          break;
        default:
          out = out.slice(0, at) + out.slice(0, at);
          break;
      }
    }
    return out.slice(0, 60_000);
  };
  await besides(async () => {
    const peers = await Promise.all([
      t.visitor(),
      t.agent(),
      t.visitor(),
      t.peer('visitor').connect(),
      t.agent(),
    ]);
    for (const peer of peers) peer.watches = false; // it does not know what it says
    for (let round = 0; round < 40; ++round) {
      for (const peer of peers)
        for (let i = 0; i < 50; ++i) peer.transmit(mutate(random.pick(seeds)));
      for (const peer of peers) {
        // answers are read; a bad frame closes nothing
        const ref = `fence ${round}`;
        peer.transmit({ type: 'nonsense', ref });
        const answer = await peer.take({ ref });
        assert.ok(
          ['unsupported', 'unauthenticated', 'rate_limited'].includes(answer.code),
          JSON.stringify(answer),
        );
      }
    }
  });
});

test('random bytes instead of WebSocket frames', async (context) => {
  const random = new Random();
  context.diagnostic(`seed ${random.seed}`);
  const codes = new Set([1002, 1003, 1007, 1009, 1006, 1005, 1000]);
  await besides(async () => {
    for (let round = 0; round < 100; ++round) {
      const peer = await t.peer('visitor').connect();
      peer.socket.on('error', () => {});
      const raw = peer.socket._socket;
      raw.write(random.bytes(1 + random.below(2000)));
      raw.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0])); // a close, for what still stands
      raw.end();
      const { code } = await peer.gone();
      assert.ok(codes.has(code) || (code >= 1000 && code < 5000), `closed with ${code}`);
    }
  });
});

test('many connections that say nothing, half a handshake, or go at once', async () => {
  const { connect } = await import('node:net');
  await besides(async () => {
    const sockets = [];
    for (let i = 0; i < 300; ++i) {
      const socket = connect(t.desk.port, '127.0.0.1');
      socket.on('error', () => {});
      if (i % 3 === 1) socket.write('GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n');
      if (i % 3 === 2) socket.destroy();
      sockets.push(socket);
    }
    const peer = await t.visitor();
    await peer.settle();
    for (const socket of sockets) socket.destroy();
  });
});
