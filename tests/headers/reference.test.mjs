// The reference: doxygen reads every public header, and each class, function, enumeration and alias in them
// has a sentence: its own, that of an overload beside it, or of what it overrides. What its name says in full
// needs none: constructors, operators, the members of plain values, and what the standard's containers have.
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
// How many in a folder of include/kefu have none yet. A number may only fall.
const kAllowed = { core: 91 };
const kPlain = /^(operator\b.*|~.*|begin|end|size|empty|clear|value|reset|now)$/;

/** Every compound of doxygen's XML. */
function compounds() {
  rmSync(kWork, { recursive: true, force: true });
  mkdirSync(kWork, { recursive: true });
  const settings = ['@INCLUDE = cmake/Doxyfile', `OUTPUT_DIRECTORY = ${kWork}`, 'GENERATE_HTML = NO'];
  settings.push('GENERATE_XML = YES', 'XML_PROGRAMLISTING = NO');
  settings.push('WARNINGS = NO', 'WARN_IF_UNDOCUMENTED = NO', 'WARN_IF_DOC_ERROR = NO');
  execFileSync(process.env.KEFU_DOXYGEN, ['-'], {
    cwd: kRoot,
    input: settings.join('\n'),
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
  const members = [...xml.matchAll(/<memberdef kind="(\w+)"([^>]*)>([\s\S]*?)<\/memberdef>/g)]
    .filter(([, what, flags]) => what !== 'variable' && what !== 'friend' && flags.includes('prot="public"'))
    .map(([, what, , text]) => ({
      what,
      name: partOf(text, 'name'),
      place: placeOf(text),
      said: saysSomething(text) || text.includes('<reimplements'),
    }))
    .filter(({ name }) => name && !kPlain.test(name) && name !== scope.split('::').at(-1).split('<')[0]);
  const spoken = new Set(members.filter(({ said }) => said).map(({ name }) => name));
  for (const member of members) member.said ||= spoken.has(member.name);
  // The members of a plain value's kind, such as an enumeration in it, are said by it.
  const rest = xml.slice(xml.lastIndexOf('</sectiondef>') + 1);
  const itself = { name: '', place: placeOf(rest), said: kind === 'namespace' || saysSomething(rest) };
  return [itself, ...members].map((one) => ({ ...one, name: `${scope}::${one.name}`.replace(/::$/, '') }));
}

const placeOf = (xml) => {
  const [, file, line] = xml.match(/<location file="(?:include\/)?([^"]*)" line="(\d+)"/) ?? [];
  return file && { file: file.replace(/^.*kefu\//, ''), line };
};

test('everything public has a sentence', { timeout: 120_000 }, () => {
  const silent = new Map();
  for (const { name, place, said } of compounds().flatMap(symbolsOf)) {
    if (said || !place || /\bdetail\b/.test(name) || name.startsWith('std')) continue;
    const at = `${place.file} ${name}`; // overloads once
    silent.set(at, place.file.includes('/') ? place.file.split('/')[0] : '.');
  }
  const places = [...silent.keys()].sort();
  const counts = {};
  for (const folder of silent.values()) counts[folder] = (counts[folder] ?? 0) + 1;
  console.log(`${places.length} without a sentence`, counts);
  for (const folder of new Set([...Object.keys(counts), ...Object.keys(kAllowed)])) {
    const [count, allowed] = [counts[folder] ?? 0, kAllowed[folder] ?? 0];
    const list = places.filter((place) => silent.get(place) === folder).join('\n');
    assert.ok(count <= allowed, `kefu/${folder}: ${count} without a sentence, ${allowed} allowed\n${list}`);
    assert.ok(count === allowed, `kefu/${folder}: only ${count} are left: lower kAllowed`);
  }
});
