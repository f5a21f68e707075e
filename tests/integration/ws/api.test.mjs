// The HTTP API: openapi.json and the server say the same, nobody calls it without a token for it,
// and to repeat a call does nothing twice.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Backend, fill, kCalls, kDocument, kText, nameOf } from './backend.mjs';
import { fixture } from './fixture.mjs';
import { signJwt } from './helpdesk.mjs';
import { faults, resolve } from './schema.mjs';

const folder = mkdtempSync(join(tmpdir(), 'kefu-api-'));
const config = join(folder, 'desk.toml');
writeFileSync(
  config,
  ['support', 'billing', 'sales'].map((id) => `[[departments]]\nid = "${id}"\n`).join('') +
    '[[departments]]\nid = "brief"\nretain_for = 1\n',
);
after(() => rmSync(folder, { recursive: true }));

const common = ['--routing', 'pick', '--capacity', '1000', '--grace', '600', '--api', '--config', config];
const t = fixture({ fixed: true, options: [...common, '--api-failures', '1000000'] });
const guarded = fixture({ options: [...common, '--api-failures', '5'] });
const api = new Backend(t);

const closed = kCalls.filter(({ open }) => !open);
const withBody = kCalls.filter(({ operation }) => operation.requestBody);
const lines = (text) => text.split('\n').filter(Boolean).map(JSON.parse);
const ids = (items) => items.map(({ id }) => id);

async function open(fields = {}) {
  const id = randomUUID();
  const opened = await api.post(
    '/api/conversations',
    { id, visitor: `visitor-${id}`, department: 'support', ...fields },
    { expected: 200 },
  );
  return opened.body;
}
const say = (conversation, fields, options) =>
  api.post(
    `/api/conversations/${conversation}/messages`,
    { id: randomUUID(), from: 'bot', body: 'hello', ...fields },
    options,
  );
/** A conversation that the bot has, and so may speak in. */
const owned = () => open({ agents: ['bot'], visitor: `visitor-${randomUUID()}` });

/** Asks until the answer fits. */
async function until(ask, fits) {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    const answer = await ask();
    if (fits(answer)) return answer;
    await new Promise((next) => setTimeout(next, 100));
  }
  throw new Error('out of patience');
}

// ---- the description

test('the server serves the description', async () => {
  const { text } = await api.get('/api/openapi.json', { token: null, expected: 200 });
  assert.equal(text, kText);
});

test('the description is sound', () => {
  assert.equal(kDocument.openapi, '3.1.0');
  const names = kCalls.map(({ operation }) => operation.operationId);
  assert.equal(new Set(names).size, names.length);
  const walk = (value) => {
    if (typeof value !== 'object' || value === null) return;
    if (typeof value.$ref === 'string') resolve(kDocument, value.$ref);
    Object.values(value).forEach(walk);
  };
  walk(kDocument);
  for (const { path, operation } of kCalls) {
    const given = [...(kDocument.paths[path].parameters ?? []), ...(operation.parameters ?? [])]
      .map((one) => (one.$ref ? resolve(kDocument, one.$ref) : one))
      .filter((one) => one.in === 'path');
    assert.deepEqual(
      given.map(({ name }) => `{${name}}`),
      path.match(/\{\w+\}/g) ?? [],
      path,
    );
  }
});

test('each route of the program is described', () => {
  const sources = new URL('../../../examples/helpdesk/', import.meta.url);
  const routes = readdirSync(sources)
    .filter((name) => /^api.*\.cpp$/.test(name))
    .map((name) => readFileSync(new URL(name, sources), 'utf8'))
    .flatMap((text) => [...text.matchAll(/\{"([A-Z]+)",\s*"(\/api[^"]*)"/g)])
    .map(([, method, path]) => `${method} ${path}`);
  assert.deepEqual(routes.sort(), closed.map(nameOf).sort());
});

test('the schemas are looked at', () => {
  const wrong = [
    ['Uuid', 'x'],
    ['Time', '2026-11-28'],
    ['PlainId', ''],
    ['Priority', 'none'],
    ['NewMessage', { id: randomUUID() }],
    ['NewMessage', { id: randomUUID(), body: 'a', more: 1 }],
    ['Attributes', { a: 1 }],
    ['Names', Array(33).fill('a')],
  ];
  for (const [name, value] of wrong)
    assert.notDeepEqual(faults(kDocument, resolve(kDocument, `#/components/schemas/${name}`), value), []);
});

// ---- who may call

test('nobody calls without a token for it', async (context) => {
  const hour = Math.floor(Date.now() / 1000) + 3600;
  const of = (role, claims = { aud: 'api' }) => t.desk.token(role, `some-${role}`, claims);
  const strangers = {
    'no token': [null, 401],
    'a visitor': [of('visitor', {}), 401],
    'an agent': [of('agent', {}), 401],
    'a supervisor': [of('supervisor', {}), 401],
    expired: [of('supervisor', { aud: 'api', exp: hour - 7200 }), 401],
    'another secret': [
      signJwt('another secret of some length, 32 bytes', {
        ...{ sub: 'x', role: 'supervisor', aud: 'api', exp: hour },
      }),
      401,
    ],
    'no algorithm': [
      signJwt('x', { sub: 'x', role: 'supervisor', aud: 'api', exp: hour }, { alg: 'none' }),
      401,
    ],
    'role visitor': [of('visitor'), 403],
    'role agent': [of('agent'), 403],
    'role bot': [of('bot'), 403],
  };
  for (const call of closed) {
    const row = [];
    for (const [who, [token, expected]] of Object.entries(strangers)) {
      const body = call.operation.requestBody ? {} : undefined;
      const path = fill(call.path, randomUUID());
      const answer = await api.call(call.method, path, { token, body });
      assert.equal(answer.status, expected, `${nameOf(call)}: ${who}`);
      if (expected === 401) assert.equal(answer.headers['www-authenticate'], 'Bearer');
      row.push(answer.status);
    }
    context.diagnostic(`${nameOf(call)}: ${row.join(' ')}`);
  }
  context.diagnostic(`… by ${Object.keys(strangers).join(', ')}`);
  const late = await api.get('/api/agents', { token: strangers.expired[0] });
  assert.equal(late.body.code, 'token_expired');
});

test('its token opens no session', async () => {
  const peer = t.peer('supervisor', 'backend');
  await peer.connect();
  const answer = await peer.hello({ token: api.token });
  assert.equal(answer.code, 'unauthenticated');
});

test('who tries too many tokens is refused for some time', async () => {
  const stranger = new Backend(guarded);
  const wrong = { token: 'wrong' };
  for (let i = 0; i < 5; ++i) await stranger.get('/api/agents', { ...wrong, expected: 401 });
  const refused = await stranger.get('/api/agents', { ...wrong, expected: 429 });
  assert.equal(refused.body.code, 'rate_limited');
  assert.ok(Number(refused.headers['retry-after']) > 0);
  await stranger.get('/api/agents', { expected: 429 }); // a good one too: it could be a guess
  await stranger.get('/api/openapi.json', { token: null, expected: 200 });
});

// ---- what is served

test('nothing else is served below /api', async () => {
  const nowhere = ['/api', '/api/', '/api/x', '/api/conversations/', '/api/tickets/1/2/3'];
  nowhere.push('/api/openapi', `/api/conversations/${randomUUID()}/x`, '/api/../api/x');
  for (const path of nowhere) {
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE', 'PUT']) {
      const answer = await api.call(method, path);
      assert.ok([404, 405, 413].includes(answer.status), `${method} ${path}: ${answer.status}`);
    }
  }
  for (const path of Object.keys(kDocument.paths)) {
    const known = kCalls.filter((call) => call.path === path).map(({ method }) => method);
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      if (known.includes(method)) continue;
      const answer = await api.call(method, fill(path, randomUUID()));
      assert.equal(answer.status, 405, `${method} ${path}`);
      assert.equal(answer.type, 'application/problem+json');
      const allowed = answer.headers.allow.split(', ');
      for (const one of known) assert.ok(allowed.includes(one));
      assert.ok(!allowed.includes(method));
    }
  }
});

test('what is wrong is refused', async () => {
  for (const call of withBody) {
    const path = fill(call.path, randomUUID());
    for (const body of ['{', '[]', '"x"', 'nul', '{"a":"\ud800"}'.replace('\ud800', '\\ud800'), { nobody: 1 }]) {
      const answer = await api.call(call.method, path, { body, expected: 400 });
      assert.equal(answer.body.code, 'bad_frame', nameOf(call));
    }
    const headers = { Expect: '100-continue' };
    const body = `{"a":"${'x'.repeat(64 * 1024)}"}`;
    await api.call(call.method, path, { body, headers, expected: 413 });
  }
  for (const { path, operation, method } of kCalls) {
    if (method !== 'GET' || !operation.responses[400]) continue;
    const given = operation.parameters.map((one) => (one.$ref ? resolve(kDocument, one.$ref) : one));
    const wrong = given.some(({ name }) => name === 'limit') ? ['limit=0', 'limit=201', 'limit=x'] : [];
    if (given.some(({ name }) => name === 'log')) wrong.push('log=secret');
    const must = given.filter(({ required }) => required).map(({ name }) => `&${name}=x`);
    const either = path === '/api/tickets' ? '&assignee=x' : '';
    for (const query of wrong) {
      const full = `${fill(path, 'support')}?${query}${must.join('')}${either}`;
      await api.get(full, { expected: 400 });
    }
  }
  await api.get('/api/conversations', { expected: 400 });
  await api.get('/api/conversations?participant=x&open=perhaps', { expected: 400 });
  await api.get('/api/conversations?participant=x&after=nonsense', { expected: 400 });
  await api.get('/api/tickets', { expected: 400 });
  await api.get('/api/tickets?assignee=a&requester=b', { expected: 400 });
});

test('a field that is too large or of the wrong kind is named', async () => {
  const id = randomUUID();
  const cases = [
    [{ id, visitor: 'v', subject: 'x'.repeat(257) }, 'subject', 'too_large'],
    [{ id, visitor: 'v'.repeat(129) }, 'visitor', 'too_large'],
    [{ id, visitor: 'a\u001fb' }, 'visitor', 'bad_frame'],
    [{ id, visitor: '' }, 'visitor', 'bad_frame'],
    [{ visitor: 'v' }, 'id', 'bad_frame'],
    [{ id: 'x', visitor: 'v' }, 'id', 'bad_frame'],
    [{ id: '00000000-0000-0000-0000-000000000000', visitor: 'v' }, 'id', 'bad_frame'],
    [{ id, visitor: 'v', priority: 'most' }, 'priority', 'bad_frame'],
    [{ id, visitor: 'v', tags: 'x' }, 'tags', 'bad_frame'],
    [{ id, visitor: 'v', tags: Array(33).fill('x') }, 'tags', 'too_large'],
    [{ id, visitor: 'v', attributes: { a: 1 } }, 'attributes', 'bad_frame'],
  ];
  for (const [body, detail, code] of cases) {
    const answer = await api.post('/api/conversations', body, { expected: 400 });
    assert.deepEqual([answer.body.detail, answer.body.code], [detail, code]);
  }
});

test('what is not there is not found', async () => {
  for (const call of kCalls.filter(({ operation }) => operation.responses[404])) {
    if (!call.path.includes('{')) continue;
    // Good in each of them.
    const bodies = {
      sayInConversation: { id: randomUUID(), body: 'x' },
      transferConversation: { department: 'billing' },
      updateTicket: { version: 1, subject: 'x' },
      commentTicket: { id: randomUUID(), body: 'x' },
    };
    const body = call.operation.requestBody && (bodies[call.operation.operationId] ?? {});
    for (const id of [randomUUID(), 'x']) {
      const answer = await api.call(call.method, fill(call.path, id), { body, expected: 404 });
      assert.equal(answer.body.code, 'not_found');
    }
  }
});

// ---- conversations

test('a conversation is opened once, read, described and ended', async () => {
  const id = randomUUID();
  const request = { id, visitor: 'ada', department: 'support', subject: 'A "refund" 退款', tags: ['b', 'a'] };
  request.attributes = { order: '17' };
  const first = await api.post('/api/conversations', request, { expected: 200 });
  assert.equal(first.body.id, id);
  assert.equal(first.body.state, 'queued');
  assert.deepEqual(first.body.tags, ['a', 'b']);
  const again = await api.post('/api/conversations', request, { expected: 200 });
  assert.deepEqual(again.body, first.body);
  const found = await api.post('/api/conversations', { ...request, id: randomUUID() }, { expected: 200 });
  assert.equal(found.body.id, id); // hers in that department
  await api.post('/api/conversations', { ...request, department: 'billing' }, { expected: 409 });
  await api.post('/api/conversations', { ...request, id: randomUUID(), department: 'x' }, { expected: 404 });

  const read = await api.get(`/api/conversations/${id}`, { expected: 200 });
  assert.equal(read.body.subject, request.subject);
  const patch = { subject: 'Paid', priority: 'high', attributes: {} };
  const described = await api.patch(`/api/conversations/${id}`, patch, { expected: 200 });
  assert.equal(described.body.subject, 'Paid');
  assert.equal(described.body.priority, 'high');
  assert.equal(described.body.attributes, undefined);
  assert.deepEqual(described.body.tags, ['a', 'b']); // as they were
  assert.ok(described.body.version > read.body.version);

  const queue = await api.all('/api/departments/support/queue', 'conversations', 50);
  assert.ok(ids(queue).includes(id));
  await api.post(`/api/conversations/${id}/resolve`, {}, { expected: 409 }); // nobody has it
  await api.post(`/api/conversations/${id}/transfer`, { department: 'billing' }, { expected: 409 });
  const { epoch } = described.body.assignment;
  const late = await api.post(`/api/conversations/${id}/close`, { assignment: epoch + 7 }, { expected: 409 });
  assert.equal(late.body.rule, 'epoch');
  const over = await api.post(`/api/conversations/${id}/close`, { assignment: epoch }, { expected: 200 });
  assert.equal(over.body.state, 'closed');
  await api.post(`/api/conversations/${id}/close`, { assignment: epoch }, { expected: 200 }); // a retry
  const next = await api.post('/api/conversations', { ...request, id: randomUUID() }, { expected: 200 });
  assert.notEqual(next.body.id, id);
  const two = await api.post(`/api/conversations/${id}/reopen`, {}, { expected: 409 });
  assert.equal(two.body.rule, 'one_open');
  await api.post(`/api/conversations/${next.body.id}/close`, undefined, { expected: 200 });
  const reopened = await api.post(`/api/conversations/${id}/reopen`, {}, { expected: 200 });
  assert.equal(reopened.body.state, 'queued');
  const open = await api.all('/api/conversations?participant=ada&open=true', 'conversations', 1);
  assert.deepEqual(ids(open), [id]);
  const all = await api.all('/api/conversations?participant=ada', 'conversations', 1);
  assert.deepEqual(ids(all), [next.body.id, id]); // the newest first
});

test('a conversation goes from hand to hand', async () => {
  const agent = await t.agent();
  const { id } = await owned();
  const absent = await api.post(`/api/conversations/${id}/transfer`, { agent: 'nobody' }, { expected: 409 });
  assert.equal(absent.body.rule, 'presence');
  for (const body of [{}, { agent: 'a', department: 'billing' }])
    await api.post(`/api/conversations/${id}/transfer`, body, { expected: 400 });
  await api.post(`/api/conversations/${id}/transfer`, { department: 'x' }, { expected: 404 });
  const given = await api.post(`/api/conversations/${id}/transfer`, { agent: agent.id, note: 'hers' }, { expected: 200 });
  assert.ok(['active', 'offered'].includes(given.body.state), given.text);
  const back = await open({ agents: ['bot'], visitor: `visitor-${randomUUID()}` });
  const queued = await api.post(`/api/conversations/${back.id}/transfer`, { department: 'sales' }, { expected: 200 });
  assert.deepEqual([queued.body.state, queued.body.department], ['queued', 'sales']);
  const waiting = await api.all('/api/departments/sales/queue', 'conversations', 1);
  assert.deepEqual(ids(waiting), [back.id]);
  const done = await owned();
  const resolved = await api.post(`/api/conversations/${done.id}/resolve`, {}, { expected: 200 });
  assert.equal(resolved.body.state, 'resolved');
});

// ---- messages

test('a bot says something once, and everybody hears it', async () => {
  const { visitor, agent, id } = await t.pair({ department: 'support' });
  const message = { id: randomUUID(), from: 'shop', body: 'Sent "today" 今天\n' };
  const said = await api.post(`/api/conversations/${id}/messages`, message, { expected: 201 });
  const entry = await visitor.take({ type: 'entry', conversation: id, seq: said.body.seq });
  assert.deepEqual([entry.from, entry.role, entry.body], ['shop', 'bot', message.body]);
  await agent.reach(id, said.body.seq);
  const again = await api.post(`/api/conversations/${id}/messages`, message, { expected: 201 });
  assert.deepEqual(again.body, said.body);
  const other = { ...message, body: 'something else' };
  const conflict = await api.post(`/api/conversations/${id}/messages`, other, { expected: 409 });
  assert.equal(conflict.body.code, 'conflict');
  await visitor.say(id, 'thanks');
  const note = await say(id, { from: 'shop', log: 'internal', body: 'a note' }, { expected: 201 });
  assert.equal(note.body.log, 'internal');
  const noted = await agent.take({ type: 'entry', conversation: id, log: 'internal', seq: note.body.seq });
  assert.equal(noted.body, 'a note');
  const log = await visitor.readAll(id);
  assert.deepEqual(
    log.map(({ kind }) => kind),
    ['opened', 'assigned', 'joined', 'text', 'text'],
  );
  t.clean();
});

test('however often a message comes, at once or after a crash, it stands once', async () => {
  const { id } = await owned();
  const message = { id: randomUUID(), from: 'bot', body: 'once' };
  const path = `/api/conversations/${id}/messages`;
  // One that another overtakes is told to come again.
  const post = () =>
    until(
      () => api.post(path, message),
      ({ status }) => status !== 503,
    );
  const together = await Promise.all(Array.from({ length: 8 }, post));
  const seqs = together.map(({ status, body }) => [status, body.seq]);
  assert.equal(new Set(seqs.map(String)).size, 1, JSON.stringify(seqs));
  assert.equal(seqs[0][0], 201);
  await t.desk.kill();
  await t.desk.up();
  const after = await api.post(path, message, { expected: 201 });
  assert.deepEqual(after.body, together[0].body);
  const entries = await api.all(path, 'entries', 2);
  assert.equal(entries.filter(({ body }) => body === 'once').length, 1);
});

test('a message is refused where it can not be', async () => {
  const waiting = await open();
  const early = await say(waiting.id, {}, { expected: 409 });
  assert.equal(early.body.rule, 'state_table');
  const { id } = await owned();
  await say(id, { kind: 'assigned' }, { expected: 403 });
  await say(id, { body: 'x'.repeat(16 * 1024 + 1) }, { expected: 400 });
  await api.post(`/api/conversations/${id}/close`, {}, { expected: 200 });
  const late = await say(id, {}, { expected: 409 });
  assert.equal(late.body.code, 'closed');
  // A session that is somebody else's is no message of a bot's.
  const visitor = await t.visitor();
  const other = await owned();
  await say(other.id, { id: visitor.session }, { expected: 403 });
});

test('a log is read page by page', async () => {
  const { id } = await owned();
  const path = `/api/conversations/${id}/messages`;
  for (let i = 0; i < 5; ++i) await say(id, { body: String(i) }, { expected: 201 });
  const entries = await api.all(path, 'entries', 3);
  assert.deepEqual(
    entries.map(({ seq }) => seq),
    [1, 2, 3, 4, 5, 6, 7],
  );
  const rest = await api.get(`${path}?after=5`, { expected: 200 });
  assert.deepEqual(
    rest.body.entries.map(({ body }) => body),
    ['3', '4'],
  );
  const internal = await api.get(`${path}?log=internal`, { expected: 200 });
  assert.deepEqual(internal.body, { entries: [] });
  await api.get(`${path}?after=-1`, { expected: 400 });
});

// ---- tickets

test('a ticket is created once, and changed on the version that its caller saw', async () => {
  const id = randomUUID();
  const request = { id, subject: 'A refund', requester: 'ada', tags: ['b', 'a'], fields: { order: '17' } };
  const created = await api.post('/api/tickets', request, { expected: 201 });
  assert.deepEqual([created.body.state, created.body.tags], ['new', ['a', 'b']]);
  const again = await api.post('/api/tickets', request, { expected: 201 });
  assert.deepEqual(again.body, created.body);
  const conversation = await owned();
  await api.post('/api/tickets', { ...request, id: conversation.id }, { expected: 409 });
  await api.post('/api/tickets', { ...request, requester: 'bob' }, { expected: 409 });

  const path = `/api/tickets/${id}`;
  const { version } = created.body;
  const patch = { version, state: 'open', assignee: 'kim', priority: 'urgent', conversation: conversation.id };
  const changed = await api.patch(path, patch, { expected: 200 });
  assert.deepEqual([changed.body.state, changed.body.assignee], ['open', 'kim']);
  assert.deepEqual(changed.body.conversations, [conversation.id]);
  assert.equal(changed.body.subject, 'A refund');
  const stale = await api.patch(path, { version, subject: 'mine' }, { expected: 409 });
  assert.deepEqual([stale.body.rule, stale.body.current], ['version', changed.body.version]);
  const until = '2030-01-01T00:00:00.000000000Z';
  const pending = { version: stale.body.current, state: 'pending', pending_until: until, assignee: '' };
  const waits = await api.patch(path, pending, { expected: 200 });
  assert.deepEqual([waits.body.pending_until, waits.body.assignee], [until, undefined]);
  const never = await api.patch(path, { version: waits.body.version, state: 'new' }, { expected: 409 });
  assert.equal(never.body.rule, 'state_table');
  const read = await api.get(path, { expected: 200 });
  assert.deepEqual(read.body, waits.body);
});

test('a comment stands once', async () => {
  const id = randomUUID();
  await api.post('/api/tickets', { id, requester: 'ada' }, { expected: 201 });
  const path = `/api/tickets/${id}/comments`;
  const comment = { id: randomUUID(), body: 'Looked at' };
  const first = await api.post(path, comment, { expected: 201 });
  const again = await api.post(path, comment, { expected: 201 });
  assert.deepEqual(again.body, first.body);
  await api.post(path, { id: randomUUID(), body: 'a note', log: 'internal' }, { expected: 201 });
  const said = async (log) =>
    (await api.all(`${path}?log=${log}`, 'entries', 1))
      .filter(({ kind }) => kind === 'text')
      .map(({ body, from }) => [body, from]);
  assert.deepEqual(await said('public'), [['Looked at', 'backend']]);
  assert.deepEqual(await said('internal'), [['a note', 'backend']]);
});

test('tickets are listed page by page', async () => {
  const made = [];
  for (let i = 0; i < 5; ++i) {
    made.unshift(randomUUID());
    const ticket = { id: made[0], assignee: 'lee', requester: 'grace' };
    await api.post('/api/tickets', ticket, { expected: 201 });
  }
  for (const query of ['assignee=lee', 'requester=grace'])
    assert.deepEqual(ids(await api.all(`/api/tickets?${query}`, 'tickets', 2)), made);
  const unassigned = await api.all('/api/tickets?assignee=', 'tickets', 200);
  assert.ok(unassigned.every(({ assignee }) => assignee === undefined));
});

test('what has expired is not changed any more', async () => {
  const { id } = await open({ department: 'brief', subject: 'x' });
  await api.post(`/api/conversations/${id}/close`, {}, { expected: 200 });
  const ticket = { id: randomUUID(), department: 'brief', subject: 'x' };
  const { body } = await api.post('/api/tickets', ticket, { expected: 201 });
  await api.patch(`/api/tickets/${ticket.id}`, { version: body.version, state: 'closed' }, { expected: 200 });
  const expired = (path) =>
    until(
      () => api.get(path, { expected: 200 }),
      (answer) => answer.body.expired_at && !answer.body.subject,
    );
  await expired(`/api/conversations/${id}`);
  const late = await api.patch(`/api/conversations/${id}`, { subject: 'y' }, { expected: 409 });
  assert.equal(late.body.rule, 'too_late');
  await expired(`/api/tickets/${ticket.id}`);
  const comment = { id: randomUUID(), body: 'y' };
  await api.post(`/api/tickets/${ticket.id}/comments`, comment, { expected: 409 });
});

// ---- the desk

test('agents are read, and told what they take', async () => {
  const [one, two] = await Promise.all([t.agent(), t.agent()]);
  const there = await until(
    () => api.all('/api/agents', 'agents', 1),
    (agents) => [one, two].every(({ id }) => ids(agents).includes(id)),
  );
  assert.deepEqual(ids(there), [...ids(there)].sort());
  const path = `/api/agents/${one.id}`;
  const { body } = await api.get(path, { expected: 200 });
  const patch = { intent: 'busy', capacity: 3, said: body.said };
  const changed = await api.patch(path, patch, { expected: 200 });
  assert.deepEqual([changed.body.intent, changed.body.capacity], ['busy', 3]);
  await api.patch(path, patch, { expected: 200 }); // a retry
  const stale = await api.patch(path, { ...patch, intent: 'away' }, { expected: 409 });
  assert.equal(stale.body.current, changed.body.said);
  await api.patch(path, { capacity: 1001 }, { expected: 400 });
  const none = await api.get('/api/agents?department=billing', { expected: 200 });
  assert.deepEqual(none.body, { agents: [] });
});

test('departments are listed', async () => {
  const all = await api.all('/api/departments', 'departments', 3);
  assert.deepEqual(ids(all), ['billing', 'brief', 'sales', 'support']);
});

test('a token opens a session, and not the API', async () => {
  const request = { participant: 'eve', role: 'visitor', verified: true, lifetime: 60 };
  const { body } = await api.post('/api/tokens', request, { expected: 200 });
  const left = new Date(body.expires_at) - Date.now();
  assert.ok(left > 50_000 && left <= 60_000, body.expires_at);
  const peer = t.peer('visitor', 'eve');
  await peer.connect();
  const welcome = await peer.hello({ token: body.token });
  assert.equal(welcome.type, 'welcome');
  await api.get('/api/agents', { token: body.token, expected: 401 });
  await api.post('/api/tokens', { participant: 'eve', role: 'root' }, { expected: 400 });
  await api.post('/api/tokens', { ...request, lifetime: 86_401 }, { expected: 400 });
});

test('transcripts and exports are whole', async () => {
  const { id, visitor } = await owned();
  for (let i = 0; i < 300; i += 30)
    await Promise.all(Array.from({ length: 30 }, (_, k) => say(id, { body: `${i + k}` }, { expected: 201 })));
  await say(id, { log: 'internal', body: 'a note' }, { expected: 201 });
  const ticket = randomUUID();
  await api.post('/api/tickets', { id: ticket, requester: visitor }, { expected: 201 });
  const path = `/api/conversations/${id}/transcript`;
  const known = lines((await api.get(path, { expected: 200 })).text);
  assert.equal(known.length, 303); // the conversation, opened, assigned
  assert.deepEqual([known[0].type, known[0].conversation.id], ['conversation', id]);
  const whole = lines((await api.get(`${path}?log=internal`, { expected: 200 })).text);
  assert.equal(whole.filter(({ log }) => log === 'internal').length, 1);
  const kept = lines((await api.get(`/api/participants/${visitor}/export`, { expected: 200 })).text);
  const types = new Set(kept.map(({ type }) => type));
  assert.deepEqual([...types], ['conversation', 'entry', 'ticket']);
  assert.equal(kept.filter((line) => line.body === 'a note').length, 0);
  const nobody = await api.get('/api/participants/nobody%20at%20all/export', { expected: 200 });
  assert.equal(nobody.text, '');
});

test('a server that stops answers what it has begun', async () => {
  const { id } = await owned();
  const path = `/api/conversations/${id}/messages`;
  const messages = Array.from({ length: 20 }, (_, i) => ({ id: randomUUID(), from: 'bot', body: `${i}` }));
  const answers = messages.map((message) => api.post(path, message).catch(() => null));
  await Promise.race(answers);
  assert.deepEqual(await t.desk.stop(), { code: 0, signal: null });
  await Promise.all(answers);
  await t.desk.up();
  // Whoever got no answer asks again.
  for (const message of messages) await api.post(path, message, { expected: 201 });
  const said = await api.all(path, 'entries', 50);
  const texts = said.filter(({ kind }) => kind === 'text').map(({ body }) => Number(body));
  assert.deepEqual(
    texts.sort((a, b) => a - b),
    messages.map((_, i) => i),
  );
});

// ---- and at the end

test('every documented answer was given', () => {
  const documented = kCalls.flatMap((call) =>
    Object.keys(call.operation.responses)
      .filter((status) => status !== 'default')
      .map((status) => `${nameOf(call)} ${status}`),
  );
  assert.deepEqual(
    documented.filter((one) => !api.seen.has(one)),
    [],
  );
});
