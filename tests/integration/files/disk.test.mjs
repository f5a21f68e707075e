// A disk that is full: right answers, nothing stored harmed, nothing left open. The files lie on a
// small disk in memory that only the server sees, in a mount namespace of its own.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { randomBytes, site } from './site.mjs';

const unshare = ['unshare', '--mount', '--map-root-user', '--user'];
const works = spawnSync(unshare[0], [...unshare.slice(1), 'mount', '-t', 'tmpfs', 'kefu', '/mnt']);
const skip = works.status === 0 ? false : `SKIPPED: no mount namespaces here: ${works.stderr}`;
if (skip) console.log(skip);
const s = skip
  ? null
  : site({
      // The server takes the place of the shell, so its pid is that of the process we started.
      wrap: (data) => [
        ...unshare,
        'sh',
        '-c',
        'mkdir -p "$0/files" && mount -t tmpfs -o size=4m kefu "$0/files" && exec "$@"',
        data,
      ],
    });

/** The folder as the server sees it. */
const folder = () => join('/proc', String(s.desk.pid), 'root', s.desk.data, 'files');

function fill() {
  const file = openSync(join(folder(), 'filler'), 'a');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch (error) {
    assert.equal(error.code, 'ENOSPC');
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}

test('a disk that is full', { skip }, async () => {
  const first = randomBytes(1_000_000);
  const id = await s.put(first);
  const small = await s.create(500_000);
  assert.equal(small.status, 201);
  const path = small.headers.get('location');

  assert.equal((await s.create(3_500_000)).status, 507, 'more than there is room for');
  assert.ok(fill() > 0);
  for (let i = 0; i < 20; ++i) assert.equal((await s.create(4_000)).status, 507, 'no room at all');

  // What was announced has its room.
  const second = randomBytes(500_000);
  assert.equal((await s.patch(path, 0, second)).status, 204);
  assert.ok(first.equals(await s.fetch(id)));
  assert.ok(second.equals(await s.fetch(path.split('/').at(-1))));
  await s.noneOpen();
  assert.equal(
    readdirSync(join(folder(), 'about')).length,
    2,
    'nothing is left of what was refused',
  );

  // What was taken back has its room no more: then the disk is full in the middle of a body, and
  // what came of it is there.
  rmSync(join(folder(), 'filler'));
  const last = (await s.create(800_000)).headers.get('location');
  const bytes = randomBytes(800_000);
  const wrong = { 'Upload-Checksum': `sha1 ${Buffer.alloc(20).toString('base64')}` };
  assert.equal((await s.patch(last, 0, bytes.subarray(0, 400_000), wrong)).status, 460);
  assert.ok(fill() > 0);
  truncateSync(join(folder(), 'filler'), fill() - 300_000);
  assert.equal((await s.patch(last, 0, bytes)).status, 507);
  const at = Number((await s.tus('HEAD', last)).headers.get('upload-offset'));
  assert.ok(at > 0 && at <= 300_000, `it got to ${at}`);
  assert.equal(statSync(join(folder(), 'growing', last.split('/').at(-1))).size, at);
  await s.noneOpen();
  rmSync(join(folder(), 'filler'));
  assert.equal((await s.patch(last, at, bytes.subarray(at))).status, 204);
  assert.ok(bytes.equals(await s.fetch(last.split('/').at(-1))));
  assert.equal((await s.tus('DELETE', last)).status, 204);
  assert.equal((await s.tus('DELETE', path)).status, 204);
  const third = randomBytes(900_000);
  assert.ok(third.equals(await s.fetch(await s.put(third))), 'there is room again');
  assert.ok(first.equals(await s.fetch(id)));
});
