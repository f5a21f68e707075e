// Downloads by clients that nobody here wrote: whole, in parts, and resumed after a network that
// breaks.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Browser } from '../../browser/harness.mjs';
import { random, randomBytes, site } from './site.mjs';

const run = promisify(execFile);
const s = site({ way: 'down' });
const SIZE = 4_000_000;
const bytes = randomBytes(SIZE);
const folder = mkdtempSync(join(tmpdir(), 'kefu-downloads-'));
const browser = new Browser(folder);
let id;

before(async () => {
  await s.ready();
  id = await s.put(bytes, { name: '季度 report.bin' });
  await browser.start();
});
after(async () => {
  await browser.stop();
  rmSync(folder, { recursive: true, force: true });
});

const url = async () => (await s.look(id, s.proxy.base)).url;
const file = (name) => join(folder, name);
const whole = (name) => assert.ok(bytes.equals(readFileSync(file(name))), `${name} is the file`);

/** curl, which fails as it does: {stdout, code}. */
async function curl(...args) {
  return run('curl', ['--silent', '--show-error', '--max-time', '60', ...args]).then(
    ({ stdout }) => ({ stdout, code: 0 }),
    ({ stdout, code }) => ({ stdout, code }),
  );
}

test('curl gets ranges, one and several', async () => {
  const at = await url();
  const { stdout } = await curl(
    '-r',
    '100000-199999',
    '-o',
    file('part'),
    '-w',
    '%{http_code}',
    at,
  );
  assert.equal(stdout, '206');
  assert.ok(bytes.subarray(100_000, 200_000).equals(readFileSync(file('part'))));
  await curl('-r', '-1000', '-o', file('tail'), at);
  assert.ok(bytes.subarray(-1000).equals(readFileSync(file('tail'))));
  const several = await curl('-r', '0-9,1000-1009', '-D', file('head'), '-o', file('parts'), at);
  assert.equal(several.code, 0);
  const head = readFileSync(file('head'), 'latin1');
  const [, boundary] = /multipart\/byteranges; boundary=(\S+)/.exec(head);
  const parts = readFileSync(file('parts'), 'latin1').split(`--${boundary}`);
  assert.equal(parts.length, 4); // before, two, after
  assert.ok(parts[1].includes(`Content-Range: bytes 0-9/${SIZE}`));
  assert.ok(parts[2].endsWith(`\r\n\r\n${bytes.subarray(1000, 1010).toString('latin1')}\r\n`));
  assert.equal(
    (await curl('-r', `${SIZE}-`, '-o', file('none'), '-w', '%{http_code}', at)).stdout,
    '416',
  );
});

test('curl goes on with a download that broke off, as often as it takes', async () => {
  s.proxy.interrupt([[300_000 + random.below(600_000)], [300_000 + random.below(600_000)]]);
  const at = await url();
  assert.equal((await curl('-o', file('curl'), at)).code, 18); // a part of it
  const first = statSync(file('curl')).size;
  assert.ok(first > 0 && first < SIZE);
  assert.equal((await curl('-C', '-', '-o', file('curl'), at)).code, 18);
  const second = statSync(file('curl')).size;
  assert.ok(second > first);
  const last = await curl('-C', '-', '-o', file('curl'), '-w', '%{http_code} %{size_download}', at);
  assert.equal(last.stdout, `206 ${SIZE - second}`);
  whole('curl');
});

test('wget -c goes on, also over kill -9 of the server', async () => {
  const kill = async () => {
    await s.desk.kill();
    s.desk.up();
  };
  s.proxy.interrupt([[500_000 + random.below(500_000)], [500_000 + random.below(500_000), kill]]);
  const log = file('wget.log');
  const args = [
    '-c',
    '--tries=40',
    '--waitretry=1',
    '--retry-connrefused',
    '-o',
    log,
    '-O',
    file('wget'),
  ];
  await run('wget', [...args, '--server-response', await url()]);
  whole('wget');
  assert.ok(s.proxy.finished);
  assert.ok(readFileSync(log, 'utf8').match(/206 Partial Content/g).length >= 2);
});

test('a name that needs more than ASCII, and a size, are told', async () => {
  const head = (await curl('-I', await url())).stdout;
  assert.match(
    head,
    /Content-Disposition: attachment; .*filename\*=UTF-8''%E5%AD%A3%E5%BA%A6%20report\.bin/,
  );
  assert.match(head, new RegExp(`Content-Length: ${SIZE}\r`));
  assert.match(head, /Content-Type: application\/octet-stream/);
  assert.match(head, /X-Content-Type-Options: nosniff/);
});

test('Chromium saves it under its name, and goes on when the network breaks', async () => {
  const device = await browser.device();
  const page = await device.newPage();
  s.proxy.interrupt([[700_000 + random.below(2_000_000)]]);
  const started = page.waitForEvent('download');
  const before_ = s.proxy.passed;
  await page.goto(await url()).catch(() => {}); // it becomes a download, and no page
  const download = await started;
  assert.equal(download.suggestedFilename(), '季度 report.bin');
  await download.saveAs(file('chromium'));
  whole('chromium');
  assert.ok(s.proxy.finished);
  const passed = s.proxy.passed - before_;
  assert.ok(passed < SIZE + 500_000, `it went on, and did not begin anew: ${passed} bytes`);
  await device.close();
});

test('an address is good for its time and its file alone', async () => {
  const at = new URL(await url());
  at.searchParams.set('until', '1');
  const status = async (where) => (await curl('-o', file('x'), '-w', '%{http_code}', where)).stdout;
  assert.equal(await status(String(at)), '404');
  assert.equal(await status(`${s.base}/files/${id}`), '404');
});
