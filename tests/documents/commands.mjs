// Commands: how each line of a document's shell is run. Programs of this build are run here, as they
// stand; the presets, labels and scripts that a line names are looked up; and for what takes too long, or
// needs more than a test may take, kElsewhere says where it is run.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { kRoot, textOf } from './pages.mjs';

const kPatience = 120_000; // ms

/** The line → which test runs it, or why none does. */
export const kElsewhere = new Map([
  [
    'bash .ci/packages run && cmake --workflow --preset release-run && build/release/bin/helpdesk',
    '.ci/run is this line of README.md',
  ],
  ['bash .ci/packages test && bash .ci/test', 'the line that CI runs'],
  ['examples/cluster/up.sh', 'starts servers that the cluster tests start themselves'],
  ['examples/cluster/drill.sh', 'the same'],
  ['doxygen cmake/Doxyfile', 'headers/reference runs it, for XML'],
  ...[
    'KEFU_SECRET=0123456789abcdef0123456789abcdef build/release/bin/hello 8080',
    'KEFU_SECRET=0123456789abcdef0123456789abcdef ' +
      'build/release/bin/visit ws://127.0.0.1:8080/ws alice anywhere hello',
    'build/release/bin/tutorial 2 8080',
    'build/release/bin/visit ws://127.0.0.1:8080/ws login-of-alice orders hello',
  ].map((line) => [line, 'examples/tutorial runs it, on a free port']),
]);

const kPresets = JSON.parse(textOf('CMakePresets.json'));
const kTestStages = textOf('.ci/test').match(/^all_stages=\((.*)\)$/m)[1].split(' ');
const kTestLabels = textOf('.ci/test').match(/^labels='(.*)'$/m)[1].split(' ');

const isPreset = (kind, name) => kPresets[`${kind}Presets`].some((one) => one.name === name);
const after = (words, flag) => words[words.indexOf(flag) + 1];

function checkCmake(words) {
  const kind = ['workflow', 'build'].find((one) => words.includes(`--${one}`)) ?? 'configure';
  return isPreset(kind, after(words, '--preset')) ? null : `no ${kind} preset of that name`;
}

function checkCtest(words) {
  if (!isPreset('test', after(words, '--preset'))) return 'no test preset of that name';
  if (words.includes('-L') && !kTestLabels.includes(after(words, '-L'))) return 'no such label';
  return null;
}

function checkScript([path, ...rest]) {
  try {
    accessSync(join(kRoot, path), constants.X_OK);
  } catch {
    return 'no such script, or not executable';
  }
  const unknown = path === '.ci/test' && rest.find((stage) => !kTestStages.includes(stage));
  return unknown ? `no stage ${unknown}` : null;
}

/** Runs a program of this build in a folder of its own. */
function run(words, command, build) {
  const program = join(build, 'bin', basename(words[0]));
  if (!existsSync(program)) return `build ${basename(words[0])} first`;
  const folder = mkdtempSync(join(tmpdir(), 'kefu-documents-'));
  try {
    const line = command.replace(words[0], `'${program}'`);
    const ended = spawnSync('bash', ['-c', line], {
      cwd: folder,
      encoding: 'utf8',
      timeout: kPatience,
    });
    return ended.status === 0 ? null : `ended with ${ended.status}: ${ended.stderr.slice(-500)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is wrong with it; null: nothing. */
export function checkCommand(command, build) {
  const read = spawnSync('bash', ['-n', '-c', command], { encoding: 'utf8' });
  if (read.status !== 0) return read.stderr;
  if (kElsewhere.has(command)) return null;
  const words = command.split(/\s+/);
  if (words[0] === 'cmake') return checkCmake(words);
  if (words[0] === 'ctest') return checkCtest(words);
  if (words[0] === 'bash') return checkScript(words.slice(1));
  if (/^build\/\w+\/bin\//.test(words[0])) return run(words, command, build);
  return 'nobody runs it: see commands.mjs';
}
