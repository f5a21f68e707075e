// Documents: what every page shows is run, compiled or looked up here, so that none can say what no
// longer is so.
//
//   cpp     stands, as it is, in a source that this build compiles
//   cmake   is configured, as the CMakeLists.txt of a project beside this build, installed
//   json    is JSON (that it is a frame, too, is for unit/wire/protocol)
//   sh      is run: see commands.mjs
//   text    is a picture: the files that it names are there
//
//   KEFU_BUILD   the folder of this build

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { checkCommand, kElsewhere } from './commands.mjs';
import { filesBelow, kPages, kRoot, pageAt, pathFrom, textOf } from './pages.mjs';

const kBuild = process.env.KEFU_BUILD ?? join(kRoot, 'build/release');
const kLabels = ['unit', 'sim', 'model', 'fuzz', 'conformance', 'integration', 'browser'].concat(
  ['files', 'cluster', 'consumer', 'headers', 'examples', 'bench'],
);

/** Says everything that is wrong, not only what is wrong first. */
function none(problems) {
  assert.deepEqual(problems.filter(Boolean), []);
}
const fencesOf = (language) =>
  kPages.flatMap((page) =>
    page.fences
      .filter(({ info }) => info.split(' ')[0] === language)
      .map((fence) => ({ ...fence, at: `${page.path}:${fence.line}`, page })),
  );

/** The lines of a text without what they share of indentation. */
function flush(text) {
  const lines = text.replace(/\s+$/, '').split('\n');
  const indents = lines.filter((line) => line.trim()).map((line) => line.search(/\S/));
  const shared = Math.min(...indents);
  return lines.map((line) => line.slice(shared));
}

/** Whether these lines stand in the text, one after the other, all indented by as much. */
function holds(text, wanted) {
  const lines = text.split('\n');
  return lines.some((_, start) => {
    const indent = lines[start].search(/\S/);
    return (
      indent >= 0 &&
      wanted.every((line, i) => (lines[start + i] ?? '') === (line && ' '.repeat(indent) + line))
    );
  });
}

test('blocks of every language have a rule', () => {
  const known = /^(cpp|cmake|json|sh|text|)$/;
  none(
    kPages.flatMap((page) =>
      page.fences
        .filter(({ info }) => !known.test(info.split(' ')[0]))
        .map(({ line, info }) => `${page.path}:${line}: no rule for '${info}'`),
    ),
  );
  const spec = /PROTOCOL\.md$/; // its grammar has none
  none(fencesOf('').map(({ at, page }) => !spec.test(page.path) && `${at}: no language`));
});

test('C++ is compiled', () => {
  const commands = JSON.parse(readFileSync(join(kBuild, 'compile_commands.json'), 'utf8'));
  const sources = commands
    .map(({ file }) => relative(kRoot, file))
    .filter((file) => /^(examples|tests)\//.test(file));
  const folders = new Set(sources.map((file) => dirname(file)));
  const headers = ['examples', 'tests']
    .flatMap((folder) => filesBelow(folder, '.hpp'))
    .filter((file) => folders.has(dirname(file)));
  const compiled = [...sources, ...headers].map(textOf);
  none(
    fencesOf('cpp').map(
      ({ at, text }) =>
        !compiled.some((source) => holds(source, flush(text))) &&
        `${at}: stands in no source below examples/ or tests/ that is compiled`,
    ),
  );
});

test('CMake is configured, as a project that takes kefu', { timeout: 240_000 }, () => {
  const work = mkdtempSync(join(tmpdir(), 'kefu-documents-'));
  const prefix = join(work, 'prefix');
  const cmake = (...words) => spawnSync('cmake', words, { encoding: 'utf8' });
  try {
    assert.equal(cmake('--install', kBuild, '--prefix', prefix).status, 0);
    none(
      fencesOf('cmake').map(({ at, text }, index) => {
        const project = join(work, String(index));
        mkdirSync(project);
        writeFileSync(join(project, 'CMakeLists.txt'), text);
        writeFileSync(join(project, 'main.cpp'), 'int main() {}\n');
        const places = [`-DCMAKE_PREFIX_PATH=${prefix}`, `-DFETCHCONTENT_SOURCE_DIR_KEFU=${kRoot}`];
        const ended = cmake('-S', project, '-B', join(project, 'build'), ...places);
        return ended.status !== 0 && `${at}: ${ended.stderr}`;
      }),
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});

test('JSON is JSON', () => {
  none(
    fencesOf('json').map(({ at, text }) => {
      try {
        JSON.parse(text);
        return null;
      } catch (error) {
        return `${at}: ${error.message}`;
      }
    }),
  );
});

test('commands are run', { timeout: 240_000 }, () => {
  const lines = fencesOf('sh').flatMap(({ at, text }) =>
    text
      .split('\n')
      .filter((line) => line.trim())
      .map((line) => ({ at, line })),
  );
  const asked = new Set();
  none(
    lines.map(({ at, line }) => {
      const command = line.replace(/\s+# .*$/, '').trim();
      const first = !asked.has(command);
      asked.add(command);
      const problem = first && checkCommand(command, kBuild);
      return problem && `${at}: ${command}: ${problem}`;
    }),
  );
  none([...kElsewhere.keys()].map((command) => !asked.has(command) && `no page says: ${command}`));
});

test('links lead somewhere', () => {
  none(
    kPages.flatMap((page) =>
      page.links.map(({ line, target }) => {
        if (/^(https?|mailto):/.test(target)) return null;
        const [file, anchor] = target.split('#');
        const path = file ? pathFrom(page, file) : page.path;
        if (!existsSync(join(kRoot, path))) return `${page.path}:${line}: no ${path}`;
        const there = pageAt(path);
        const found = !anchor || !there || there.headings.some((one) => one.anchor === anchor);
        return !found && `${page.path}:${line}: no heading #${anchor} in ${path}`;
      }),
    ),
  );
});

test('files that are named are there', () => {
  const begins = /^(include|src|tests|examples|cmake|\.ci)\/[\w./-]+$/;
  const names = kPages
    .filter(({ path }) => path !== 'CHANGELOG.md') // it tells what was
    .flatMap((page) => [
      ...page.code.filter(({ text }) => begins.test(text)).map((one) => ({ ...one, page })),
      ...page.fences
        .filter(({ info }) => info === 'text')
        .flatMap(({ line, text }) =>
          text
            .split(/\s+/)
            .filter((word) => begins.test(word))
            .map((word) => ({ line, text: word, page })),
        ),
    ]);
  const tests = testNames();
  none(
    names.map(({ line, text, page }) => {
      const found = existsSync(join(kRoot, text)) || tests.some((name) => name === text);
      return !found && `${page.path}:${line}: no ${text}`;
    }),
  );
});

/** Of every test of this build. Not by ctest, which may be running this. */
function testNames(folder = kBuild) {
  const list = join(folder, 'CTestTestfile.cmake');
  const text = existsSync(list) ? readFileSync(list, 'utf8') : '';
  const own = [...text.matchAll(/^add_test\((?:\[=*\[)?([^\s\]]+)/gm)].map(([, name]) => name);
  const below = [...text.matchAll(/^subdirs\("(.*)"\)/gm)].map(([, name]) => join(folder, name));
  return [...own, ...below.flatMap((one) => testNames(one))];
}

test('tests that are named are there', () => {
  const begins = new RegExp(`^(${kLabels.join('|')})/[\\w*/-]+$`);
  const tests = testNames();
  none(
    ['README.md', 'README.zh-CN.md', 'SECURITY.md', 'CONTRIBUTING.md'].flatMap((path) =>
      (pageAt(path)?.code ?? [])
        .filter(({ text }) => begins.test(text))
        .map(({ line, text }) => {
          const pattern = new RegExp(`^${text.replace(/\*/g, '.*')}`);
          return !tests.some((name) => pattern.test(name)) && `${path}:${line}: no test ${text}`;
        }),
    ),
  );
});

test('README.md shows the whole of examples/hello', () => {
  const shown = pageAt('README.md').fences.find(({ info }) => info === 'cpp');
  assert.equal(shown.text, textOf('examples/hello/main.cpp'));
});

test('README.zh-CN.md keeps step with README.md', () => {
  const [english, chinese] = [pageAt('README.md'), pageAt('README.zh-CN.md')];
  const shape = (page) => ({
    headings: page.headings.map(({ level }) => level),
    fences: page.fences.map(({ info, text }) => ({ info, text })),
    rows: page.rows.map(({ cells }) => cells.map((cell) => cell.match(/\d[\d.,]*/g) ?? [])),
    links: page.links
      .map(({ target }) => target)
      .filter((target) => !target.startsWith('README'))
      .sort(),
  });
  assert.deepEqual(shape(chinese), shape(english));
});

test('LIMITS.md has the figures of limits.hpp', () => {
  const field = /(\w+)\s*(?:=\s*([^;]+)|\{\s*([\d']+)\s*\});/g;
  const values = new Map(
    [...textOf('include/kefu/limits.hpp').matchAll(field)].map(([, name, set, brace]) => [
      name,
      valueOf(set ?? brace),
    ]),
  );
  const rows = pageAt('include/kefu/LIMITS.md').rows.filter(({ cells }) => /^ *`\w+`/.test(cells[0]));
  const shown = new Map(rows.map(({ cells }) => [cells[0].match(/`(\w+)`/)[1], cells[1].trim()]));
  assert.ok(shown.size > 0);
  none(
    [...shown].map(
      ([name, text]) =>
        amountOf(text) !== values.get(name) && `${name} is ${values.get(name)}, not ${text}`,
    ),
  );
});

/** 64 * 1024, std::uint64_t{4} << 30, 1'000 */
function valueOf(expression) {
  const plain = expression
    .replace(/std::\w+\{(\d+)\}/g, '$1')
    .replace(/'/g, '')
    .trim();
  const product = /^(\d+)\s*(?:(\*|<<)\s*(\d+))?\s*(?:\*\s*(\d+))?$/;
  const [, left, operator, right, third] = plain.match(product) ?? [];
  assert.ok(left, `limits.hpp: '${expression}'`);
  if (operator === '<<') return Number(left) * 2 ** Number(right);
  return Number(left) * Number(right ?? 1) * Number(third ?? 1);
}

/** 64 KiB, 0.5 s, 10,000 */
function amountOf(text) {
  const units = {
    KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, B: 1,
    s: 1e9, min: 60e9, h: 3600e9, d: 86400e9,
  };
  const [, number, unit] = text.match(/^([\d.,]+)(?: (\w+))?$/) ?? [];
  assert.ok(number && (!unit || units[unit]), `LIMITS.md: '${text}'`);
  return Number(number.replace(/,/g, '')) * (units[unit] ?? 1);
}
