// Webhooks over HTTPS: who is not signed for, or has another name, gets nothing.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fixture } from './fixture.mjs';
import { Receiver, secretFile } from './receiver.mjs';

const folder = mkdtempSync(join(tmpdir(), 'kefu-webhook-tls-'));

/** A certificate that signs itself: {key, cert, file}. */
function certificate(host) {
  const [key, file] = [join(folder, `${host}.key`), join(folder, `${host}.pem`)];
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-days', '2', '-subj', '/CN=kefu-test', '-addext', `subjectAltName=DNS:${host}`],
    ...['-out', file, '-keyout', key],
  ], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(file), file };
}

const local = certificate('localhost');
const other = certificate('elsewhere.example');
const receivers = await Promise.all([local, other].map((tls) => new Receiver(tls).up()));
const [receiver, misnamed] = receivers;

const posting = (to, ...more) =>
  fixture({
    options: [
      ...['--routing', 'pick', '--webhook-secret-file', secretFile, '--webhook-allow-private'],
      ...['--webhook', `https://localhost:${to.port}/hook?of=kefu`, ...more],
    ],
  });
const trusting = posting(receiver, '--webhook-roots', local.file);
const strangers = posting(receiver, '--webhook-attempts', '2');
const mistaken = posting(misnamed, '--webhook-roots', other.file, '--webhook-attempts', '2');
after(async () => {
  rmSync(secretFile);
  rmSync(folder, { recursive: true });
  await Promise.all(receivers.map((one) => one.down()));
});

const isTold = (to, id) => [...to.taken.values()].some(({ data }) => data.conversation === id);

test('a receiver whose certificate is signed for gets what was said', async () => {
  const { visitor, id } = await trusting.pair();
  await visitor.say(id, 'over TLS');
  await receiver.until(
    () => [...receiver.taken.values()].some(({ data }) => data.body === 'over TLS'),
    'the message',
  );
  assert.deepEqual(receiver.wrong, []);
});

test('one that nobody has signed for gets nothing', async () => {
  const { id } = await strangers.pair();
  await strangers.desk.until(`conversation ${id} given up after 2 attempts: unavailable`);
  assert.ok(!isTold(receiver, id));
});

test('one with another name gets nothing', async () => {
  const { id } = await mistaken.pair();
  await mistaken.desk.until(`conversation ${id} given up after 2 attempts: unavailable`);
  assert.equal(misnamed.seen.length, 0);
});
