// Opening, offers, accepting, closing; lists.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from './fixture.mjs';
import { uuid } from './peer.mjs';

const t = fixture();

test('open finds or creates: one open conversation for each visitor and department', async () => {
  const visitor = await t.visitor();
  const id = uuid();
  const first = await visitor.open({ id, subject: 'An invoice' });
  assert.equal(first.id, id);
  assert.deepEqual(
    [first.state, first.visitor, first.department, first.subject, first.tail, first.accepted_cseq],
    ['queued', visitor.id, 'support', 'An invoice', 1, 0],
  );
  assert.equal((await visitor.open({ id })).id, id, 'a repeated call');
  const found = await visitor.open({ subject: 'Another' });
  assert.deepEqual([found.id, found.subject], [id, 'An invoice']);
  assert.notEqual((await visitor.open({ department: 'sales' })).id, id);
  assert.notEqual(
    (await visitor.open({ department: undefined })).id,
    id,
    'no department is one of its own',
  );
  assert.notEqual((await (await t.visitor()).open()).id, id);
});

test('several devices open at once: all get the same conversation, which begins once', async () => {
  for (let round = 0; round < 5; ++round) {
    const first = await t.visitor();
    const devices = [
      first,
      ...(await Promise.all(Array.from({ length: 5 }, () => t.visitor(first.id)))),
    ];
    const views = await Promise.all(devices.map((device) => device.open()));
    const [id] = views.map((view) => view.id);
    assert.deepEqual(new Set(views.map((view) => view.id)), new Set([id]));
    await Promise.all(devices.map((device) => device.reach(id, 1)));
    const log = await first.readAll(id);
    assert.deepEqual(
      log.map((entry) => entry.kind),
      ['opened'],
    );
    assert.equal((await first.request({ type: 'list' })).conversations.length, 1);
  }
});

test("open with somebody else's id is not_found", async () => {
  const { id } = await t.pair();
  const visitor = await t.visitor();
  const answer = await visitor.request({ type: 'open', id, department: 'support' });
  assert.equal(answer.code, 'not_found');
  assert.deepEqual((await visitor.request({ type: 'list' })).conversations, []);
});

test('after a close, open makes a new one; the old id still answers', async () => {
  const { visitor, agent, id } = await t.pair();
  await agent.request({ type: 'close', conversation: id });
  await visitor.reach(id, 3);
  assert.deepEqual(
    [(await visitor.open({ id })).id, (await visitor.open({ id })).state],
    [id, 'closed'],
  );
  const next = await visitor.open();
  assert.notEqual(next.id, id);
  assert.equal(next.state, 'queued');
});

test('another device of the visitor is told with joined, and reads along', async () => {
  const visitor = await t.visitor();
  const device = await t.visitor(visitor.id);
  const { id } = await visitor.open();
  const joined = await device.take({ type: 'joined', conversation: { id } });
  assert.equal(joined.ref, undefined);
  await visitor.say(id, 'hello');
  await device.reach(id, 2);
  assert.equal((await device.say(id, 'from the phone')).seq, 3);
});

test('a device that says hello while a conversation begins reads it too', async () => {
  for (let round = 0; round < 30; ++round) {
    const visitor = await t.visitor();
    const device = t.peer('visitor', visitor.id);
    await device.connect();
    const [{ id }] = await Promise.all([visitor.open(), device.hello()]);
    await visitor.say(id, 'hello');
    await device.reach(id, 2);
  }
});

test('every connected agent gets the offer, later ones after welcome; visitors never', async () => {
  const [early, visitor, other] = await Promise.all([t.agent(), t.visitor(), t.visitor()]);
  const { id, opened_at } = await visitor.open({ subject: 'Refund' });
  const expected = {
    type: 'offer',
    conversation: id,
    visitor: visitor.id,
    department: 'support',
    subject: 'Refund',
    opened_at,
    assignment: 1,
  };
  assert.deepEqual(await early.take({ type: 'offer', conversation: id }), expected);
  const late = await t.agent();
  assert.deepEqual(await late.take({ type: 'offer', conversation: id }), expected);
  await Promise.all([visitor.settle(), other.settle()]);
  assert.ok(![...visitor.frames, ...other.frames].some((frame) => frame.type === 'offer'));
  const gone = [early, late].map((agent) => agent.take({ type: 'offer_gone', conversation: id }));
  await late.accept(id);
  await Promise.all(gone);
  const last = await t.agent();
  await last.settle();
  assert.ok(!last.has({ type: 'offer', conversation: id }), 'what waits no more is not offered');
  await visitor.request({ type: 'close', conversation: id });
});

test('agents accept at once: one wins, the others get conflict, and the offer is gone for all', async () => {
  const agents = await Promise.all(Array.from({ length: 6 }, () => t.agent()));
  for (let round = 0; round < 5; ++round) {
    const visitor = await t.visitor();
    const { id } = await visitor.open();
    await Promise.all(agents.map((agent) => agent.take({ type: 'offer', conversation: id })));
    const answers = await Promise.all(
      agents.map((agent) => agent.request({ type: 'accept', conversation: id })),
    );
    const winners = agents.filter((_, i) => answers[i].type === 'joined');
    assert.equal(winners.length, 1);
    assert.equal(
      answers.filter((answer) => answer.code === 'conflict').length,
      agents.length - 1,
      JSON.stringify(answers),
    );
    await Promise.all(agents.map((agent) => agent.take({ type: 'offer_gone', conversation: id })));
    const [winner] = winners;
    assert.equal(
      (await winner.accept(id)).state,
      'active',
      'a repeated accept gets the same answer',
    );
    const log = await winner.readAll(id);
    assert.deepEqual(
      log.map((entry) => [entry.kind, entry.body]),
      [
        ['opened', 'support'],
        ['assigned', winner.id],
      ],
    );
    await visitor.reach(id, 2);
    const late = await (await t.agent()).request({ type: 'accept', conversation: id });
    assert.equal(late.code, 'conflict');
  }
});

test('accept of what does not exist is not_found', async () => {
  const agent = await t.agent();
  assert.equal((await agent.request({ type: 'accept', conversation: uuid() })).code, 'not_found');
});

test('the accepting agent reads from the start, on every device', async () => {
  const visitor = await t.visitor();
  const { id } = await visitor.open();
  for (let i = 0; i < 5; ++i) await visitor.say(id, `before ${i}`);
  const desk = await t.agent();
  const device = await t.agent(desk.id);
  const view = await desk.accept(id);
  assert.deepEqual([view.state, view.tail, view.accepted_cseq], ['active', 7, 0]);
  for (const peer of [desk, device])
    assert.equal((await peer.reach(id, 7)).entries.get(6).body, 'before 4');
});

test('a visitor who leaves the queue: the offer is gone, and can be accepted no more', async () => {
  const [agent, visitor] = await Promise.all([t.agent(), t.visitor()]);
  const { id } = await visitor.open();
  await agent.take({ type: 'offer', conversation: id });
  assert.equal((await visitor.request({ type: 'close', conversation: id })).type, 'done');
  await agent.take({ type: 'offer_gone', conversation: id });
  assert.equal((await agent.request({ type: 'accept', conversation: id })).code, 'conflict');
});

test('both sides may close, also at once: one entry closed, both done', async () => {
  for (let round = 0; round < 5; ++round) {
    const { visitor, agent, id } = await t.pair();
    const answers = await Promise.all(
      [visitor, agent].map((peer) => peer.request({ type: 'close', conversation: id })),
    );
    assert.deepEqual(
      answers.map((answer) => answer.type),
      ['done', 'done'],
      JSON.stringify(answers),
    );
    assert.equal(
      (await visitor.request({ type: 'close', conversation: id })).type,
      'done',
      'safe to repeat',
    );
    const log = await agent.readAll(id);
    assert.deepEqual(
      log.map((entry) => entry.kind),
      ['opened', 'assigned', 'closed'],
    );
    await Promise.all([visitor.reach(id, 3), agent.reach(id, 3)]);
  }
});

test('accept and close at once: whichever is first, the log tells one story', async () => {
  for (let round = 0; round < 5; ++round) {
    const [agent, visitor] = await Promise.all([t.agent(), t.visitor()]);
    const { id } = await visitor.open();
    const [accepted, closed] = await Promise.all([
      agent.request({ type: 'accept', conversation: id }),
      visitor.request({ type: 'close', conversation: id }),
    ]);
    assert.equal(closed.type, 'done', JSON.stringify(closed));
    const kinds = (await visitor.readAll(id)).map((entry) => entry.kind);
    assert.deepEqual(
      kinds,
      accepted.type === 'joined' ? ['opened', 'assigned', 'closed'] : ['opened', 'closed'],
      JSON.stringify(accepted),
    );
  }
});

test('list pages through all conversations, the newest first, closed ones too', async () => {
  const visitor = await t.visitor();
  const opened = [];
  for (let i = 0; i < 7; ++i) opened.unshift((await visitor.open({ department: `d${i}` })).id);
  await visitor.request({ type: 'close', conversation: opened[2] });
  const other = await t.visitor(`${visitor.id}0`); // an id that begins with the same text
  await other.open();
  for (const limit of [1, 2, 3, 7, 200, 1_000_000]) {
    const seen = [];
    let pages = 0;
    for (let after; ;) {
      const page = await visitor.request({ type: 'list', limit, ...(after && { after }) });
      assert.ok(page.conversations.length <= limit);
      seen.push(...page.conversations);
      assert.ok(++pages <= 9);
      if (!page.next) break;
      after = page.next;
    }
    assert.deepEqual(
      seen.map((view) => view.id),
      opened,
      `limit ${limit}`,
    );
    assert.deepEqual(
      seen.map((view) => view.state === 'closed'),
      opened.map((id) => id === opened[2]),
    );
  }
  assert.equal((await visitor.request({ type: 'list' })).conversations.length, 7);
  assert.equal((await visitor.request({ type: 'list', limit: 0 })).code, 'bad_frame');
  for (const after of ['garbage', '\u0000', 'z'.repeat(5000), other.id]) {
    const page = await visitor.request({ type: 'list', after });
    const ids = page.conversations?.map((view) => view.id) ?? [];
    assert.ok(
      ids.every((id) => opened.includes(id)),
      'only own ones, whatever `after` says',
    );
  }
});

test('the opener is told once', async () => {
  const visitor = await t.visitor();
  const { id } = await visitor.open();
  await visitor.settle();
  assert.equal(
    visitor.frames.filter((frame) => frame.type === 'joined' && frame.conversation.id === id)
      .length,
    1,
  );
});
