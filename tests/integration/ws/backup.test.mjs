// `helpdesk backup`: a copy of a database that is in use, and what becomes of it.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fixture } from './fixture.mjs';
import { Helpdesk } from './helpdesk.mjs';
import { Peer } from './peer.mjs';

const folder = mkdtempSync(join(tmpdir(), 'kefu-backup-'));
after(() => rmSync(folder, { recursive: true }));
const t = fixture();
const program = process.env.KEFU_HELPDESK;
const kBody = 'x'.repeat(4000);
const kBefore = 500; // messages: two megabytes, so the copy takes several turns

/** {code, told} of `helpdesk backup` of that data. */
async function backup(data, file) {
  const child = spawn(program, ['backup', file, '--data', data]);
  let told = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (told += part));
  const [code] = await once(child, 'close');
  return { code, told: told.trim() };
}

/** The conversation as its visitor reads it on a helpdesk that was started on the copy. */
async function restored(file, visitor, id) {
  const desk = new Helpdesk(['--routing', 'pick']);
  copyFileSync(file, join(desk.data, 'helpdesk.db'));
  copyFileSync(join(t.desk.data, 'demo-secret'), join(desk.data, 'demo-secret'));
  await desk.up();
  const peer = await new Peer(desk, 'visitor', visitor.id).begin();
  const entries = await peer.readAll(id);
  assert.deepEqual(peer.violations, []);
  peer.socket.terminate();
  await desk.remove();
  return entries;
}

test('a copy that is made while people write has all that was acknowledged before', async () => {
  const { visitor, id } = await t.pair();
  for (let i = 0; i < kBefore; ++i) await visitor.say(id, `${i} ${kBody}`);
  let copied = null;
  const file = join(folder, 'copy.db');
  const copying = backup(t.desk.data, file).then((outcome) => (copied = outcome));
  let meanwhile = 0;
  while (!copied) await visitor.say(id, `meanwhile ${meanwhile++}`);
  await copying;
  assert.deepEqual(copied, { code: 0, told: `${file}: backed up` });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.ok(!existsSync(`${file}.partial`));
  await visitor.say(id, 'only in the original');

  const bodies = (await restored(file, visitor, id)).map(({ body }) => body);
  const said = bodies.filter((body) => /^(\d|meanwhile|only)/.test(body));
  assert.ok(said.length >= kBefore && said.length <= kBefore + meanwhile);
  for (let i = 0; i < said.length; ++i) {
    const expected = i < kBefore ? `${i} ${kBody}` : `meanwhile ${i - kBefore}`;
    assert.equal(said[i], expected);
  }
});

test('what is there is not written over, and a bad place is told', async () => {
  const there = join(folder, 'there');
  writeFileSync(there, 'mine');
  assert.deepEqual(await backup(t.desk.data, there), { code: 1, told: `${there}: is there already` });
  const nowhere = join(folder, 'none', 'copy.db');
  assert.deepEqual(await backup(t.desk.data, nowhere), { code: 1, told: `${nowhere}: store_failed` });
  const { visitor, id } = await t.pair();
  await visitor.say(id, 'harms nothing');
  assert.equal(spawnSync(program, ['backup']).status, 2);
});

test('no helpdesk need run for it, and none is started', async () => {
  const { visitor, id } = await t.pair();
  await visitor.say(id, 'kept');
  await t.desk.stop();
  const file = join(folder, 'cold.db');
  assert.equal((await backup(t.desk.data, file)).code, 0);
  assert.ok((await restored(file, visitor, id)).some(({ body }) => body === 'kept'));
  const empty = mkdtempSync(join(folder, 'empty-'));
  const { code, told } = await backup(empty, join(folder, 'of-nothing.db'));
  assert.equal(code, 1);
  assert.match(told, /helpdesk\.db is not there/);
  assert.ok(!existsSync(join(empty, 'helpdesk.db')));
});
