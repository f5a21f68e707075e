// The audit log of the real server: what happens is in it, over a kill; and `helpdesk audit verify`
// names the line that somebody has changed or removed.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fixture } from './fixture.mjs';

const kPatience = 30_000; // ms: a bound for what never comes

const place = mkdtempSync(join(tmpdir(), 'kefu-audit-'));
const folder = join(place, 'audit');
const anchors = join(place, 'anchors');
const t = fixture({
  fixed: true,
  options: [
    ...['--routing', 'pick', '--audit', folder],
    ...['--audit-anchors', anchors, '--audit-writer', 'desk-1'],
  ],
});
after(() => rmSync(place, { recursive: true }));

const files = () => readdirSync(folder).sort();
const linesOf = (file) => readFileSync(join(folder, file), 'utf8').trimEnd().split('\n');
const entries = () =>
  files()
    .flatMap(linesOf)
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line));

const verifyIn = (where, ...options) =>
  spawnSync(process.env.KEFU_HELPDESK, ['audit', 'verify', where, ...options], {
    encoding: 'utf8',
  });
const verify = (...options) => verifyIn(folder, ...options);

async function until(condition, what) {
  const end = Date.now() + kPatience;
  for (;;) {
    const value = condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What `change` makes of the lines of the only file; undone behind `look`. */
function tampered(change, look) {
  const [file] = files();
  const before = readFileSync(join(folder, file), 'utf8');
  const lines = before.trimEnd().split('\n');
  change(lines);
  writeFileSync(join(folder, file), lines.map((line) => `${line}\n`).join(''));
  look(file);
  writeFileSync(join(folder, file), before);
}

let pair;

test('everything is in the log once, over a kill, and nothing of what was said', async () => {
  pair = await t.pair();
  const { visitor, agent, id } = pair;
  for (let i = 0; i < 10; ++i) await visitor.say(id, `my password ${i}`);
  await t.desk.kill();
  await t.desk.up();
  await Promise.all([visitor.resume(), agent.resume()]);
  for (let i = 0; i < 10; ++i) await agent.say(id, `an answer ${i}`);
  await agent.say(id, 'a note', { log: 'internal' });
  await until(() => entries().length >= 23, 'all entries');
  await until(() => readFileSync(anchors, 'utf8').includes('"n":23,'), 'the last anchor');

  const logs = { public: await agent.readAll(id), internal: await agent.readAll(id, 'internal') };
  for (const [log, expected] of Object.entries(logs)) {
    const kept = entries().filter((entry) => entry.conversation === id && entry.log === log);
    assert.deepEqual(
      kept.map(({ seq, kind, from, at }) => ({ seq, kind, from, at })),
      expected.map(({ seq, kind, from, at }) => ({ seq, kind, from: from ?? '', at })),
    );
  }
  for (const file of files()) assert.doesNotMatch(linesOf(file).join(), /password|answer|a note/);
});

test('verify finds nothing in what was written', () => {
  const { status, stdout } = verify('--anchors', anchors);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^ok: 23 lines in 1 file\(s\), [1-9]\d* anchored\n\{"writer":"desk-1","n":23,/);
  assert.equal(verify().status, 0);
});

test('verify names the line that was edited, removed or moved', () => {
  tampered(
    (lines) => (lines[4] = lines[4].replace(/"from":"[^"]*"/, '"from":"somebody"')),
    (file) => {
      const { status, stdout } = verify('--anchors', anchors);
      assert.equal(status, 1);
      assert.match(stdout, new RegExp(`^${file}:5: changed: [^\n]*entry 5\n1 fault`));
    },
  );
  tampered(
    (lines) => lines.splice(6, 1),
    (file) => {
      const { status, stdout } = verify();
      assert.equal(status, 1);
      assert.match(stdout, new RegExp(`^${file}:7: missing: entry 7 missing[^\n]*\n1 fault`));
    },
  );
  tampered(
    (lines) => lines.splice(2, 2, lines[3], lines[2]),
    (file) => assert.match(verify().stdout, new RegExp(`${file}:4: misplaced: entry 3`)),
  );
});

test('what was cut off is found by the anchors', () => {
  tampered(
    (lines) => lines.pop(),
    (file) => {
      assert.equal(verify().status, 0);
      const { status, stdout } = verify('--anchors', anchors);
      assert.equal(status, 1);
      assert.match(stdout, new RegExp(`^${file}, at its end: cut_off: entry 23`));
    },
  );
});

test('what can not be read is no verdict', () => {
  assert.equal(verify('--anchors', join(place, 'nowhere')).status, 2);
  assert.equal(verify('--no-such-option').status, 2);
  const empty = mkdtempSync(join(place, 'empty-'));
  assert.equal(verifyIn(empty).status, 2);
  const { status, stdout } = verifyIn(empty, '--anchors', anchors);
  assert.equal(status, 1, 'all of it was removed');
  assert.match(stdout, /^the log: cut_off: the chain of desk-1 is anchored up to entry 23/);
});

test('a log that was tampered with while nobody served is not gone on with', async () => {
  await t.desk.stop();
  const [file] = files();
  const before = readFileSync(join(folder, file), 'utf8');
  const at = before.lastIndexOf('"from":"') + 8;
  writeFileSync(join(folder, file), `${before.slice(0, at)}X${before.slice(at + 1)}`);
  await assert.rejects(t.desk.up(), /not what was written/);
  writeFileSync(join(folder, file), before);
  await t.desk.kill();
  await t.desk.up();
});

test('what becomes no entry is in it too: refused messages, bans, logins that failed', async () => {
  const { visitor, id } = await t.pair();
  const boss = await t.peer('supervisor').begin();
  const cseq = visitor.send(id, 'not mine to say', { kind: 'assigned' });
  assert.equal((await visitor.outcome(id, cseq)).code, 'denied');
  for (const frame of [{ type: 'ban', reason: 'rudeness' }, { type: 'lift' }]) {
    const answer = await boss.request({ ...frame, participant: 'somebody' });
    assert.equal(answer.type, 'done', JSON.stringify(answer));
  }
  const stranger = t.peer('visitor');
  await stranger.connect();
  for (let i = 0; i < 3; ++i)
    assert.equal((await stranger.hello({ token: 'a guess' })).code, 'unauthenticated');
  await t.desk.stop();

  const acts = entries().filter(({ act }) => act);
  assert.deepEqual(
    acts.map(({ act, by, participant, code, count }) => ({ act, by, participant, code, count })),
    [
      { act: 'send_refused', by: visitor.id },
      { act: 'banned', by: boss.id, participant: 'somebody' },
      { act: 'lifted', by: boss.id, participant: 'somebody' },
      { act: 'logins_refused', code: 'unauthenticated', count: 3 },
    ].map((act) => ({ by: undefined, participant: undefined, code: undefined, count: undefined, ...act })),
  );
  for (const file of files()) assert.doesNotMatch(linesOf(file).join(), /rudeness|mine to say/);

  const { status, stdout } = verify('--anchors', anchors);
  assert.equal(status, 0, stdout);
  tampered(
    (lines) => lines.splice(lines.findIndex((line) => line.includes('"act":"banned"')), 1),
    (file) => assert.match(verify().stdout, new RegExp(`^${file}:\\d+: missing: [^\n]*\n1 fault`)),
  );
});
