// KefuClient as a whole, in Node with the `ws` WebSocket, against fake-server.mjs; and what it
// stands on: storage, locks, and the transcript that the pages show.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { KefuClient, MemoryStorage, uuidV7 } from '../../examples/helpdesk/web/kefu-client.js';
import { ChannelLocks, claimSlot } from '../../examples/helpdesk/web/storage.js';
import { Transcript } from '../../examples/helpdesk/web/transcript.js';
import { Server, until } from './harness.mjs';
import { requireFrom } from './packages.mjs';

const { WebSocket } = requireFrom('ws');
const data = mkdtempSync(join(tmpdir(), 'kefu-client-'));
const server = new Server('', data);
const clients = [];

before(() => server.start());
after(async () => {
  for (const client of clients) client.stop();
  await server.kill();
  rmSync(data, { recursive: true, force: true });
});

async function client(role, id, options = {}) {
  const url = server.base.replace('http', 'ws') + 'ws';
  const one = new KefuClient({
    url,
    WebSocket,
    name: id,
    token: async () => JSON.stringify({ id, role }),
    ...options,
  });
  one.log = [];
  one.addEventListener('entry', ({ detail }) => one.log.push(detail.entry));
  clients.push(one);
  return one.start();
}

const bodies = (one, log = 'public') =>
  one.log.filter((entry) => entry.log === log && entry.kind === 'text').map((entry) => entry.body);

test('two clients talk; a note stays inside', async () => {
  const visitor = await client('visitor', 'vera');
  const agent = await client('agent', 'adam');
  const conversation = await visitor.open({ department: 'support', subject: 'x' });
  visitor.send(conversation.id, 'hello');
  await until(() => agent.offers.length === 1, 'the offer');
  const joined = await agent.accept(conversation.id);
  assert.equal(joined.state, 'active');
  agent.send(conversation.id, 'hi');
  agent.note(conversation.id, 'psst');
  await until(
    () => bodies(visitor).length === 2 && bodies(agent, 'internal').length === 1,
    'all messages',
  );
  assert.deepEqual(bodies(visitor), ['hello', 'hi']);
  assert.deepEqual(bodies(agent), ['hello', 'hi']);
  assert.equal(visitor.pendingCount, 0);
  const page = await visitor.history({ conversation: conversation.id, before: 3 });
  assert.deepEqual(
    page.entries.map(({ seq, kind, own }) => [seq, kind, own]),
    [
      [1, 'opened', false],
      [2, 'text', true],
    ],
  );
  assert.equal((await visitor.list()).conversations.length, 1);
  await assert.rejects(agent.accept(uuidV7()), { name: 'KefuError', code: 'not_found' });
  await visitor.closeConversation(conversation.id);
  await until(() => agent.conversations[0].state === 'closed', 'the end');
});

test('what is pending survives the client and the server', async () => {
  const storage = new MemoryStorage();
  const first = await client('visitor', 'walt', { storage });
  const { id } = await first.open({ department: 'sales' });
  await server.kill();
  first.send(id, 'one');
  first.send(id, 'two');
  first.stop();
  const second = await client('visitor', 'walt', { storage });
  assert.deepEqual(
    second.pending(id).map(({ body }) => body),
    ['one', 'two'],
  );
  const opened = second.open({ department: 'sales' }); // waits for the connection
  await server.start();
  assert.equal((await opened).id, id);
  await until(() => second.pendingCount === 0, 'the outcomes');
  assert.deepEqual(bodies(second), ['one', 'two']);
});

test('stop() inside a listener, and requests after it', async () => {
  const one = await client('visitor', 'stan');
  one.addEventListener('session', () => one.stop());
  await until(() => one.status === 'stopped', 'the end');
  await assert.rejects(one.open(), { code: 'stopped' });
  assert.throws(() => one.send(uuidV7(), 'x'), { code: 'stopped' });
});

test('UUIDv7: version, variant, time', () => {
  const id = uuidV7(0x0123456789ab);
  assert.match(id, /^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

// ---- slots

/** As much of navigator.locks as is used. */
class Locks {
  held = new Set();
  async request(name, _options, callback) {
    if (this.held.has(name)) return callback(null);
    this.held.add(name);
    return Promise.resolve(callback({ name })).finally(() => this.held.delete(name));
  }
}

test('each tab has a slot; a reloaded one finds its own, a new one takes what was left behind', async () => {
  const storage = new MemoryStorage();
  const locks = new Locks();
  const [tab1, tab2, tab3] = [new MemoryStorage(), new MemoryStorage(), new MemoryStorage()];
  const claim = (tab) => claimSlot({ storage, tab, locks, name: 'n', patience: 1 });
  const one = await claim(tab1);
  storage.set(one.key, '{"pending":[]}');
  const two = await claim(tab2);
  storage.set(two.key, '{"pending":[{}]}');
  assert.notEqual(one.key, two.key);
  one.release();
  two.release();
  await until(() => locks.held.size === 0, 'the locks');
  const again = await claim(tab1);
  assert.equal(again.key, one.key);
  again.release();
  await until(() => locks.held.size === 0, 'the lock');
  assert.equal((await claim(tab3)).key, two.key, 'pending sends first');
});

test('locks over a channel: the holder keeps the lock, of two that ask at once one gets it', async () => {
  const channels = [];
  const channel = () => {
    const one = new EventTarget();
    one.postMessage = (message) => {
      for (const other of channels)
        if (other !== one)
          queueMicrotask(() =>
            other.dispatchEvent(Object.assign(new Event('message'), { data: message })),
          );
    };
    channels.push(one);
    return one;
  };
  const tabs = [
    new ChannelLocks(channel(), 5),
    new ChannelLocks(channel(), 5),
    new ChannelLocks(channel(), 5),
  ];
  const results = [];
  const ask = (tab) =>
    new Promise((resolve) =>
      tab.request('x', {}, (lock) => {
        results.push(Boolean(lock));
        resolve();
        return lock ? new Promise(() => {}) : undefined;
      }),
    );
  await Promise.all([ask(tabs[0]), ask(tabs[1])]);
  await ask(tabs[2]);
  assert.deepEqual(results.sort(), [false, false, true]);
});

// ---- the transcript

const VIEW = { position: 0, internal_position: 0 };
const entry = (seq, rest = {}) => ({
  log: 'public',
  seq,
  kind: 'text',
  body: `e${seq}`,
  from: 'x',
  own: false,
  ...rest,
});

test('a transcript: notes stand behind what they are about, pending sends at the end', () => {
  const transcript = new Transcript(VIEW, 'me');
  transcript.setSend({ id: 's', state: 'pending', body: 'later', log: 'public' });
  for (const one of [entry(2), entry(1, { log: 'internal', after: 1, body: 'note' }), entry(1)])
    transcript.add(one);
  assert.deepEqual(
    transcript.items.map((item) => item.message.body),
    ['e1', 'note', 'e2', 'later'],
  );
  transcript.add(entry(3, { own: true, send_id: 's', body: 'later' }));
  transcript.setSend({ id: 's', state: 'sent' });
  assert.deepEqual(
    transcript.items.map((item) => [item.key, item.state]),
    [
      ['public/1', null],
      ['internal/1', null],
      ['public/2', null],
      ['s', 'sent'],
    ],
  );
});

test('a transcript: what a former identity wrote is one’s own, whenever that is heard', () => {
  const merged = entry(3, { kind: 'merged', body: 'x', from: '' });
  const contact = new Transcript({ ...VIEW, visitor: 'me' }, 'me');
  for (const one of [entry(1), entry(2, { from: 'agent' }), merged, entry(4)]) contact.add(one);
  assert.deepEqual(
    contact.items.map((item) => item.message.own),
    [true, false, false, true],
  );
  const agent = new Transcript({ ...VIEW, visitor: 'me' }, 'agent');
  for (const one of [entry(1), merged]) agent.add(one);
  assert.equal(agent.items[0].message.own, false);
});

test('a transcript: receipts of others, not one’s own', () => {
  const transcript = new Transcript(VIEW, 'me');
  for (const seq of [1, 2, 3]) transcript.add(entry(seq, { own: true }));
  transcript.receipt({ from: 'me', read: 3 });
  transcript.receipt({ from: 'x', delivered: 2 });
  transcript.receipt({ from: 'x', read: 1 });
  assert.deepEqual(
    transcript.items.map((item) => item.state),
    ['read', 'delivered', 'sent'],
  );
});

test('a transcript: what is older is asked for; unread counts the messages of others', () => {
  const transcript = new Transcript({ position: 10, internal_position: 0 }, 'me');
  assert.deepEqual(transcript.earlier(), { log: 'public', before: 11 });
  assert.equal(transcript.earlier('internal'), null);
  for (const one of [entry(11), entry(12, { own: true }), entry(13, { kind: 'closed' }), entry(14)])
    transcript.add(one);
  assert.equal(transcript.unreadAfter(10), 2);
  assert.equal(transcript.unreadAfter(14), 0);
  transcript.add(entry(1));
  assert.equal(transcript.earlier(), null);
});
