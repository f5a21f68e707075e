// What helpdesk is told: by a file, by the environment and by the command line.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Helpdesk } from './helpdesk.mjs';

const program = process.env.KEFU_HELPDESK;
const folder = mkdtempSync(join(tmpdir(), 'kefu-config-'));
after(() => rmSync(folder, { recursive: true }));

const example = readFileSync(
  new URL('../../../examples/helpdesk/helpdesk.toml', import.meta.url),
  'utf8',
).replaceAll('/etc/kefu', folder);
const kSetting = /^(?:# )?([a-z_]+) = /gm;
/** The part before the departments, and that part's keys. */
const head = example.slice(0, example.indexOf('[[departments]]'));
const settings = [...head.matchAll(kSetting)].map(([, key]) => key);

function file(name, text) {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** {status, told} of `check-config` for a file with this text. */
function check(text, env = {}) {
  const path = file('checked.toml', text);
  const { status, stdout, stderr } = spawnSync(program, ['check-config', path], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, told: (stdout + stderr).trim().replaceAll(`${folder}/`, '') };
}
const refused = (text, told, env) => assert.deepEqual(check(text, env), { status: 1, told });
const accepted = (text, env) =>
  assert.deepEqual(check(text, env), { status: 0, told: 'checked.toml: in order' });

file('secret', 'x'.repeat(32));
file('webhook-secret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
for (const name of ['webhook-ca.pem', 'nats.creds', 'nats-ca.pem']) file(name, '');
execFileSync('openssl', [
  ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
  ...['-days', '2', '-subj', '/CN=kefu-test'],
  ...['-out', join(folder, 'chain.pem'), '-keyout', join(folder, 'key.pem')],
], { stdio: 'ignore' });

test('the example names every setting once, and no other', () => {
  const help = execFileSync(program, ['--help'], { encoding: 'utf8' });
  const flags = [...help.matchAll(/^ +(?:-h,)?--([a-z-]+)/gm)].map(([, flag]) => flag);
  const known = flags.filter((flag) => flag !== 'help' && flag !== 'config');
  assert.ok(known.length > 30, help);
  assert.deepEqual(settings.toSorted(), known.map((flag) => flag.replaceAll('-', '_')).toSorted());
});

test('the example is accepted as it is', () => accepted(example));

test('and with everything in it switched on', () => {
  // Its pages are where it is installed, and nobody looks for them here.
  const all = example
    .replaceAll(/^# ((?:[a-z_]+ = |\[).*)$/gm, '$1')
    .replace(/^web = .*$/m, `web = "${folder}"`);
  // Files are for one node, and NATS for several.
  accepted(all.replaceAll(/^(scan|files_folder) = .*$/gm, ''));
  accepted(all.replace(/^files = false/m, 'files = true').replace(/^nats = .*$/m, ''));
});

test('the values that the example shows for what is on are the defaults', () => {
  const help = execFileSync(program, ['--help'], { encoding: 'utf8' });
  const shown = new Map(
    [...head.matchAll(/^([a-z_]+) = "?([^"#\n]*?)"?(?: +#.*)?$/gm)].map(([, key, value]) => [
      key,
      value,
    ]),
  );
  const defaults = [...help.matchAll(/^ +--([a-z-]+) [^ =]+=(\S+)/gm)];
  assert.ok(defaults.length > 10, help);
  for (const [, flag, value] of defaults) {
    assert.equal(shown.get(flag.replaceAll('-', '_')), value, flag);
  }
});

test('what is wrong is told with file and line, and 1', () => {
  const needed = `secret_file = "${folder}/secret"\n`;
  accepted(needed);
  refused(`${needed}prot = 80\n`, 'checked.toml:2: unknown key prot');
  refused(
    `${needed}\nport = "eighty"\n`,
    'checked.toml:3: port must be a whole number from 0 to 65535',
  );
  refused(`${needed}port = 65536\n`, 'checked.toml:2: port must be a whole number from 0 to 65535');
  refused(`${needed}port = 1.5\n`, 'checked.toml:2: port must be a whole number from 0 to 65535');
  refused(`${needed}port = nan\n`, 'checked.toml:2: port must be a whole number from 0 to 65535');
  refused(`${needed}files = 1\n`, 'checked.toml:2: files must be true or false');
  refused(`${needed}allowed_origins = "x"\n`, 'checked.toml:2: allowed_origins must be a list of texts');
  refused(
    `${needed}synchronous = "off"\n`,
    'checked.toml:2: synchronous must be one of full, normal',
  );
  assert.match(check(`${needed}port = \n`).told, /^checked\.toml:2: ./);
  assert.match(check(`${needed}port = 1\nport = 2\n`).told, /^checked\.toml:3: ./);
  refused(`${needed}[[departments]]\nid = "a"\nover = "b"\n`, 'checked.toml:4: unknown key over');
  refused(
    `${needed}[[departments]]\nid = "a"\nwrap_up = -1\n`,
    'checked.toml:4: wrap_up must be a number of seconds',
  );
  refused(`${needed}[hours.x]\nmoon = []\n`, 'checked.toml:3: unknown key moon');
  refused(
    `${needed}[hours.x]\nmon = ["9-17"]\n`,
    'checked.toml:3: no time of day: 9',
  );
  refused(`${needed}[hours.x]\nzone = "Mars"\n`, 'checked.toml:3: no such time zone: Mars');
});

test('so is what does not go together, or is not there', () => {
  const needed = `secret_file = "${folder}/secret"\n`;
  refused('', 'secret_file is needed, unless this is a demo');
  file('named', `kid=new ${'n'.repeat(32)}\nkid=old ${'o'.repeat(32)}\n`);
  accepted(`secret_file = "${folder}/named"\n`);
  file('twice', `kid=new ${'n'.repeat(32)}\nkid=new ${'o'.repeat(32)}\n`);
  refused(`secret_file = "${folder}/twice"\n`, 'two JWT keys have the same secret or id');
  refused(
    `${needed}trusted_proxies = ["10.0.0.0/8"]\n`,
    'trusted_proxies and proxy_header need each other',
  );
  refused(`${needed}tls_key = "x"\n`, 'tls_chain and tls_key need each other');
  refused(`${needed}nats = "x"\n`, 'nats needs postgres: it joins the nodes on one database');
  refused(
    `${needed}postgres = "x"\nnats = "x"\nfiles = true\n`,
    'files needs a single node: each of several would have only what was sent to it',
  );
  refused(`${needed}webhook = "https://x"\n`, 'webhook needs webhook_secret_file');
  refused(
    'demo = true\naddress = "0.0.0.0"\n',
    'demo gives tokens to everybody, so address must be on loopback with it',
  );
  refused(`secret_file = "${folder}/none"\n`, 'cannot read the secret in none');
  refused(`${needed}web = "${folder}/none"\n`, 'none is not there');
  file('short', 'x'.repeat(31));
  refused(`secret_file = "${folder}/short"\n`, 'a JWT secret for HS256 has at least 32 bytes');
  assert.match(
    check(`${needed}tls_chain = "${folder}/secret"\ntls_key = "${folder}/key.pem"\n`).told,
    /secret/,
  );
  assert.equal(check(`${needed}[[departments]]\nid = "a"\noverflow_to = "b"\n`).status, 1);
  const missing = spawnSync(program, ['check-config', `${folder}/none.toml`], { encoding: 'utf8' });
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /none\.toml: ./);
  assert.equal(spawnSync(program, ['check-config']).status, 2);
});

test('the environment is told likewise', () => {
  const needed = `secret_file = "${folder}/secret"\n`;
  accepted(needed, { KEFU_FILES: 'true', KEFU_ALLOWED_ORIGINS: 'https://a,https://b' });
  refused(needed, 'KEFU_FILES must be true or false', { KEFU_FILES: 'yes' });
  refused(needed, 'KEFU_WAL_MB must be a whole number from 1 to 1024', { KEFU_WAL_MB: '4x' });
});

test('where the environment says something it is no demo', () => {
  const { status, stdout, stderr } = spawnSync(program, [], {
    encoding: 'utf8',
    env: { ...process.env, KEFU_ADDRESS: '0.0.0.0', KEFU_DATA: folder },
  });
  assert.equal(status, 1);
  assert.match(stdout + stderr, /secret_file is needed/);
});

test('the command line counts before the environment, and that before the file', async () => {
  const config = file('three.toml', 'allowed_origins = ["https://file"]\nmetrics = true\n');
  const get = async (desk) => (await fetch(`${desk.pages}/metrics`)).status;
  const upgrade = async (desk, origin) =>
    (await fetch(`${desk.pages}/events`, { method: 'GET', headers: { origin } })).status;
  const started = async (env, ...more) => {
    Object.assign(process.env, env);
    try {
      return await Helpdesk.start({ options: ['--config', config, ...more] });
    } finally {
      for (const name of Object.keys(env)) delete process.env[name];
    }
  };
  for (const [env, more, origin, metrics] of [
    [{}, [], 'https://file', 200],
    [{ KEFU_ALLOWED_ORIGINS: 'https://env', KEFU_METRICS: 'false' }, [], 'https://env', 404],
    [
      { KEFU_ALLOWED_ORIGINS: 'https://env', KEFU_METRICS: 'false' },
      ['--allowed-origins', 'https://line', '--metrics'],
      'https://line',
      200,
    ],
  ]) {
    const desk = await started(env, ...more);
    assert.equal(await get(desk), metrics);
    for (const other of ['https://file', 'https://env', 'https://line']) {
      const isOne = other === origin;
      assert.equal((await upgrade(desk, other)) !== 403, isOne, `${other} where ${origin} may`);
    }
    await desk.remove();
  }
  const wrong = spawnSync(program, ['--wal-mb', '0'], { encoding: 'utf8' });
  assert.equal(wrong.status, 1);
  assert.match(wrong.stdout + wrong.stderr, /--wal-mb must be a whole number from 1 to 1024/);
});
