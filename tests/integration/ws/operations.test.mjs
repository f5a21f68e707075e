// What operators live by: the probes, the figures, new certificates.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect } from 'node:tls';
import { fixture } from './fixture.mjs';
import { Helpdesk } from './helpdesk.mjs';
import { Peer } from './peer.mjs';
import { parseExposition } from './prometheus.mjs';

const deploy = new URL('../../../examples/helpdesk/deploy/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'kefu-operations-'));
after(() => rmSync(folder, { recursive: true }));
const t = fixture({ options: ['--routing', 'pick', '--metrics'] });

/** [status, text] of a page; a connection of its own each time. */
async function get(desk, path) {
  const response = await fetch(desk.pages + path, { headers: { connection: 'close' } });
  return [response.status, (await response.text()).trim()];
}

test('a server that serves is alive and ready', async () => {
  assert.deepEqual(await get(t.desk, '/healthz'), [200, 'ok']);
  assert.deepEqual(await get(t.desk, '/readyz'), [200, 'ok']);
});

test('one that drains is alive, not ready, and goes on until the delay is over', async () => {
  const desk = await Helpdesk.start({ options: ['--drain-delay', '5'] });
  const ended = desk.stop();
  await desk.until('stopping');
  assert.deepEqual(await get(desk, '/readyz'), [503, 'draining']);
  assert.deepEqual(await get(desk, '/healthz'), [200, 'ok']);
  assert.deepEqual(await ended, { code: 0, signal: null });
  await desk.remove();
});

test('one whose store has failed is alive, and not ready', async () => {
  // Above a file's greatest size a write fails, where the signal that goes with it is ignored.
  const wrap = () => ['sh', '-c', 'trap "" XFSZ; exec "$0" "$@"'];
  const failing = await Helpdesk.start({ wrap });
  assert.deepEqual(await get(failing, '/readyz'), [200, 'ok']);
  execFileSync('prlimit', ['--pid', String(failing.pid), '--fsize=4096']);
  // Whoever comes is written down, and that fails.
  const peer = new Peer(failing, 'visitor', 'v');
  await assert.rejects(peer.begin());
  assert.deepEqual(await get(failing, '/readyz'), [503, 'store: store_failed']);
  assert.deepEqual(await get(failing, '/healthz'), [200, 'ok']);
  await failing.remove();
});

test('the figures are such as Prometheus reads and its conventions ask for', async (context) => {
  const { visitor, agent, id } = await t.pair();
  await visitor.say(id, 'counted');
  await agent.reach(id, 3);
  const response = await fetch(`${t.desk.pages}/metrics`);
  assert.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4(;|$)/);
  const text = await response.text();
  const families = parseExposition(text);
  const value = (name) => families.get(name).samples[0].number;
  assert.ok([...families.keys()].every((name) => name.startsWith('kefu_')));
  assert.ok(value('kefu_entries_appended_total') >= 1);
  assert.equal(value('kefu_sessions'), 2);
  assert.ok(families.get('kefu_append_seconds').samples.at(-1).number >= 1);
  const promtool = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  if (promtool.error) return context.diagnostic('promtool is not there, so it was not asked');
  assert.deepEqual([promtool.status, promtool.stdout + promtool.stderr], [0, '']);
});

test('the dashboard shows every figure, and no other', async () => {
  const { panels } = JSON.parse(readFileSync(new URL('dashboard.json', deploy), 'utf8'));
  const shown = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => expr.match(/kefu_\w+/g)));
  const families = parseExposition(await (await fetch(`${t.desk.pages}/metrics`)).text());
  const known = [...families.keys()];
  assert.deepEqual(
    [...new Set(shown.map((name) => name.replace(/_bucket$/, '')))].toSorted(),
    known.toSorted(),
  );
  for (const name of shown) {
    assert.equal(name.endsWith('_bucket'), !families.has(name), name);
  }
});

test('systemd takes the unit, and its commands are those of helpdesk', (context) => {
  const unit = readFileSync(new URL('helpdesk.service', deploy), 'utf8');
  const copy = join(folder, 'helpdesk.service');
  writeFileSync(copy, unit.replaceAll('/usr/local/bin/helpdesk', process.env.KEFU_HELPDESK));
  const verify = spawnSync('systemd-analyze', ['verify', copy], { encoding: 'utf8' });
  if (verify.error) return context.diagnostic('systemd-analyze is not there, so it was not asked');
  assert.deepEqual([verify.status, verify.stdout + verify.stderr], [0, '']);
  writeFileSync(copy, readFileSync(copy, 'utf8').replace('ProtectHome=', 'ProtectHoem='));
  const wrong = spawnSync('systemd-analyze', ['verify', copy], { encoding: 'utf8' });
  assert.match(wrong.stderr, /ProtectHoem/);
});

test('the strict reader refuses what is wrong', () => {
  const head = '# HELP kefu_a A.\n# TYPE kefu_a gauge\n';
  for (const wrong of [
    'kefu_a 1\n',
    `${head}kefu_a 1`,
    `${head}kefu_b 1\n`,
    `${head}kefu_a 1\nkefu_a 1\n`,
    `${head}kefu_a one\n`,
    '# TYPE kefu_a gauge\nkefu_a 1\n',
    '# HELP kefu_a A.\n# TYPE kefu_a counter\nkefu_a 1\n',
    '# HELP kefu_a_ms A.\n# TYPE kefu_a_ms gauge\nkefu_a_ms 1\n',
  ]) {
    assert.throws(() => parseExposition(wrong), undefined, wrong);
  }
});

function certificate(name) {
  const [chain, key] = ['chain', 'key'].map((part) => join(folder, `${name}-${part}.pem`));
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-days', '2', '-subj', `/CN=${name}`, '-out', chain, '-keyout', key],
  ], { stdio: 'ignore' });
  return { chain, key };
}

/** The name in the certificate of a new connection, which stays open: {name, socket}. */
function shake(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () =>
      resolve({ name: socket.getPeerCertificate().subject.CN, socket }),
    );
    socket.on('error', reject);
  });
}

test('SIGHUP brings new certificates, to new connections', async () => {
  const [first, second] = ['first', 'second'].map(certificate);
  const [chain, key] = [join(folder, 'chain.pem'), join(folder, 'key.pem')];
  const install = (from) => {
    copyFileSync(from.chain, chain);
    copyFileSync(from.key, key);
  };
  install(first);
  const desk = await Helpdesk.start({ options: ['--tls-chain', chain, '--tls-key', key] });
  const { name, socket } = await shake(desk.port);
  assert.equal(name, 'first');

  copyFileSync(second.chain, chain); // of which the key is not there yet
  process.kill(desk.pid, 'SIGHUP');
  await desk.until('certificates not reloaded');
  const still = await shake(desk.port);
  assert.equal(still.name, 'first');

  install(second);
  process.kill(desk.pid, 'SIGHUP');
  await desk.until('certificates reloaded');
  const renewed = await shake(desk.port);
  assert.equal(renewed.name, 'second');

  socket.write('GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n');
  const [answer] = await new Promise((resolve) => socket.once('data', (data) => resolve([data])));
  assert.match(String(answer), /^HTTP\/1\.1 200/); // as it was before
  for (const one of [socket, still.socket, renewed.socket]) one.destroy();
  await desk.remove();
});
