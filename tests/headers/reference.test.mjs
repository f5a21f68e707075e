// The reference: doxygen reads every public header, and each class, function, enumeration and alias in
// them has a sentence: its own, that of an overload beside it, or of what it overrides. What its name says
// in full needs none: constructors, operators, the members of plain values, and what the standard's
// containers have.
//
//   KEFU_DOXYGEN   the program
//   KEFU_WORK      a folder to write to

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const kRoot = fileURLToPath(new URL('../../', import.meta.url));
const kWork = process.env.KEFU_WORK;
const kLeast = 1000; // symbols: with fewer it has read something else
const kPlain = /^(operator\b.*|~.*|begin|end|size|empty|clear|value|reset|now)$/;

/** Every compound of doxygen's XML. */
function compounds() {
  rmSync(kWork, { recursive: true, force: true });
  mkdirSync(kWork, { recursive: true });
  const settings = `
    @INCLUDE = cmake/Doxyfile
    OUTPUT_DIRECTORY = "${kWork}"
    GENERATE_HTML = NO
    GENERATE_XML = YES
    XML_PROGRAMLISTING = NO
    WARNINGS = NO
    WARN_IF_UNDOCUMENTED = NO
    WARN_IF_DOC_ERROR = NO`;
  execFileSync(process.env.KEFU_DOXYGEN, ['-'], {
    cwd: kRoot,
    input: settings,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  return readdirSync(join(kWork, 'xml'))
    .filter((file) => /^(class|struct|namespace)/.test(file))
    .map((file) => readFileSync(join(kWork, 'xml', file), 'utf8'));
}

const partOf = (xml, tag) => xml.match(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`))?.[1] ?? '';
const saysSomething = (text) => {
  const xml = text.replace(/<enumvalue[\s\S]*<\/enumvalue>/, '');
  return ['briefdescription', 'detaileddescription'].some((tag) => partOf(xml, tag).trim() !== '');
};

/** What of a compound must have a sentence: {name, place, said}. */
function symbolsOf(xml) {
  const [own] = xml.split('<sectiondef');
  const scope = partOf(own, 'compoundname');
  const [head, kind] = xml.match(/<compounddef [^>]*kind="(\w+)"[^>]*>/);
  if (head.includes('prot="private"')) return [];
  const constructor = scope.split('::').at(-1).split('<')[0];
  const members = [...xml.matchAll(/<memberdef kind="(\w+)"([^>]*)>([\s\S]*?)<\/memberdef>/g)]
    .filter(([, what, flags]) => !/variable|friend/.test(what) && flags.includes('prot="public"'))
    .map(([, , , text]) => ({
      name: partOf(text, 'name'),
      place: placeOf(text),
      said: saysSomething(text) || text.includes('<reimplements'),
    }))
    .filter(({ name }) => name && !kPlain.test(name) && name !== constructor);
  const spoken = new Set(members.filter(({ said }) => said).map(({ name }) => name));
  for (const member of members) member.said ||= spoken.has(member.name);
  const rest = xml.slice(xml.lastIndexOf('</sectiondef>') + 1);
  const itself = { place: placeOf(rest), said: kind === 'namespace' || saysSomething(rest) };
  return [itself, ...members].map((one) => ({
    ...one,
    name: one.name ? `${scope}::${one.name}` : scope,
  }));
}

const placeOf = (xml) => {
  const [, file, line] = xml.match(/<location file="(?:include\/)?([^"]*)" line="(\d+)"/) ?? [];
  return file && { file: file.replace(/^.*kefu\//, ''), line };
};

test('everything public has a sentence', { timeout: 120_000 }, () => {
  const symbols = compounds().flatMap(symbolsOf);
  assert.ok(symbols.length > kLeast, `doxygen has found only ${symbols.length}`);
  const silent = symbols
    .filter(({ name, place, said }) => !said && place && !/\bdetail\b|^std/.test(name))
    .map(({ name, place }) => `${place.file}:${place.line} ${name}`);
  assert.deepEqual(silent, []);
});
