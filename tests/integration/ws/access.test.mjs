// Who may do what to a conversation and a ticket that are not theirs: every frame by every role. The
// core refuses, whatever a page would have offered. `node --test` prints the matrix.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fixture } from './fixture.mjs';

const t = fixture();
const kSaid = 'the pin is 4711';
const kNoted = 'a known cheat';
const kRequested = 'a stolen card';

/** A visitor who talks to an agent, with a note and a ticket: what nobody else should get at. */
async function victim() {
  const { visitor, agent, id } = await t.pair({ subject: kSaid });
  await visitor.say(id, kSaid);
  await agent.say(id, kNoted, { log: 'internal' });
  const ticket = randomUUID();
  const made = await agent.request({
    type: 'ticket',
    id: ticket,
    subject: kRequested,
    requester: visitor.id,
    conversation: id,
  });
  assert.equal(made.type, 'tickets', JSON.stringify(made));
  await agent.reach(id, (await agent.readAll(id)).at(-1).seq);
  return { visitor, agent, id, ticket };
}

/** Every frame of the protocol but hello and token, aimed at them. */
const attempts = ({ visitor, id, ticket }) => ({
  open: { id },
  send: { conversation: id, cseq: 1, body: 'x' },
  note: { conversation: id, cseq: 1, body: 'x' },
  delivered: { conversation: id, seq: 1 },
  read: { conversation: id, seq: 1 },
  typing: { conversation: id, on: true },
  history: { conversation: id, after: 0 },
  list: {},
  presence: { intent: 'available' },
  accept: { conversation: id },
  decline: { conversation: id },
  release: { conversation: id },
  transfer: { conversation: id, agent: 'accomplice' },
  take_over: { conversation: id },
  watch: { conversation: id },
  join: { conversation: id },
  leave: { conversation: id },
  describe: { conversation: id, subject: 'x' },
  ticket: { id: ticket, version: 1, subject: 'x' },
  comment: { id: ticket, comment: randomUUID(), body: 'x' },
  merge: { id: ticket, version: 1, into: randomUUID(), into_version: 1 },
  tickets: { id: ticket },
  recall: { conversation: id, seq: 3 },
  search: { text: kSaid },
  claim: { token: 'e30.e30.e30' },
  ban: { participant: visitor.id },
  lift: { participant: visitor.id },
  hold: { conversation: id },
  resume: { conversation: id },
  resolve: { conversation: id },
  reopen: { conversation: id },
  close: { conversation: id },
});

const kUnanswered = new Set(['delivered', 'read', 'typing']);

/** What came of a frame: the answer's type or code, or nothing of an unanswered one that went through. All that the
 * server said meanwhile is in `said`. */
async function attempt(peer, type, members) {
  const seen = peer.frames.length;
  const ref = randomUUID();
  const answers = (frame) => frame.ref === ref || (members.cseq && frame.cseq === members.cseq);
  peer.transmit({ type, ref, ...members });
  // What is answered at once comes before the answer to what is asked next.
  if (kUnanswered.has(type)) await peer.settle();
  const answer = kUnanswered.has(type)
    ? peer.frames.slice(seen).find(answers)
    : await peer.take(answers);
  await peer.settle();
  return {
    outcome: answer?.code ?? answer?.type ?? 'nothing',
    said: JSON.stringify(peer.frames.slice(seen)),
  };
}

/** Frames that may be answered: with what is the caller's own alone, or that they are not in it, as they wanted. */
const kHarmless = new Set(['list', 'search', 'tickets', 'leave']);
const kSecrets = [kSaid, kNoted, kRequested];
const print = (context, role, outcomes) =>
  context.diagnostic(
    `${role}: ${Object.entries(outcomes)
      .map(([type, outcome]) => `${type} ${outcome}`)
      .join(', ')}`,
  );

test('the attempts are all frames of the protocol', async () => {
  const text = readFileSync(new URL('../../../include/kefu/wire/PROTOCOL.md', import.meta.url), 'utf8');
  const named = [...text.matchAll(/```json client\s+\{\s*"type": "(\w+)"/g)].map(([, type]) => type);
  const tried = Object.keys(attempts({ visitor: {}, id: '', ticket: '' }));
  assert.deepEqual([...new Set(named)].sort(), [...tried, 'hello', 'token'].sort());
});

test('a visitor gets at nothing of another', async (context) => {
  const owned = await victim();
  const before = await owned.visitor.readAll(owned.id);
  const outcomes = {};
  const stranger = await t.visitor();
  for (const [type, members] of Object.entries(attempts(owned))) {
    const { outcome, said } = await attempt(stranger, type, members);
    outcomes[type] = outcome;
    for (const secret of kSecrets) assert.ok(!said.includes(secret), `${type}: ${said}`);
    if (!kHarmless.has(type))
      assert.ok(!['done', 'joined', 'history', 'ack'].includes(outcome), `${type}: ${outcome}`);
  }
  print(context, 'visitor', outcomes);
  assert.equal(outcomes.tickets, 'not_found');
  assert.deepEqual(await owned.visitor.readAll(owned.id), before);
});

test('an agent gets at nothing of what another has, unless they take it over', async (context) => {
  const owned = await victim();
  const before = await owned.visitor.readAll(owned.id);
  const outcomes = {};
  const stranger = await t.agent();
  // Tickets of departments that an agent serves are theirs to work on, and what was said there to find.
  const tickets = new Set(['ticket', 'comment', 'tickets']);
  const { take_over: takeOver, search, ...others } = attempts(owned);
  for (const [type, members] of Object.entries(others)) {
    const { outcome, said } = await attempt(stranger, type, members);
    outcomes[type] = outcome;
    for (const secret of [kSaid, kNoted]) assert.ok(!said.includes(secret), `${type}: ${said}`);
    if (!kHarmless.has(type) && !tickets.has(type) && type !== 'presence')
      assert.ok(!['done', 'joined', 'history', 'ack'].includes(outcome), `${type}: ${outcome}`);
  }
  assert.deepEqual(await owned.visitor.readAll(owned.id), before);
  outcomes.search = (await attempt(stranger, 'search', search)).outcome;
  // Whoever serves the department may, and everybody sees who has it.
  outcomes.take_over = (await attempt(stranger, 'take_over', takeOver)).outcome;
  print(context, 'agent', outcomes);
  assert.equal(outcomes.take_over, 'joined');
  const assigned = (await owned.visitor.readAll(owned.id)).at(-1);
  assert.deepEqual([assigned.kind, assigned.body], ['assigned', stranger.id]);
});

test('what only supervisors may is refused to all others', async (context) => {
  const owned = await victim();
  const attempted = attempts(owned);
  for (const role of ['visitor', 'agent', 'bot']) {
    const peer = await t.peer(role).begin();
    for (const type of ['ban', 'lift', 'watch']) {
      const { outcome } = await attempt(peer, type, attempted[type]);
      context.diagnostic(`${role}: ${type} ${outcome}`);
      assert.equal(outcome, 'denied');
    }
  }
  const supervisor = await t.peer('supervisor').begin();
  assert.equal((await attempt(supervisor, 'watch', attempted.watch)).outcome, 'joined');
});
