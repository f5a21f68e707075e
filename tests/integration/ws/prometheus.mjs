// Prometheus' text format, read strictly: what it and its conventions ask for is asserted.

import assert from 'node:assert/strict';

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const META = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${NAME})="((?:[^"\\\\\n]|\\\\["\\\\n])*)"\\})? (\\S+)$`);
const UNBASED = /(^|_)(ms|milliseconds?|us|micros|minutes|hours|kb|mb|kilobytes|percent|tenths)(_|$)/;

/** {name → {type, help, samples: [{name, label, value, number}]}}. A metric's lines stand together. */
export function parseExposition(text) {
  assert.ok(text.endsWith('\n'), 'the last line ends');
  const families = new Map();
  let family = null;
  for (const line of text.slice(0, -1).split('\n')) {
    const meta = META.exec(line);
    if (meta) {
      const [, kind, name, rest] = meta;
      if (kind === 'HELP') {
        assert.ok(!families.has(name), `${name} comes twice`);
        family = { name, help: rest, type: null, samples: [] };
        families.set(name, family);
      } else {
        assert.equal(name, family?.name, `the type of ${name} follows its help`);
        assert.ok(['counter', 'gauge', 'histogram'].includes(rest), line);
        family.type = rest;
      }
      continue;
    }
    const sample = SAMPLE.exec(line);
    assert.ok(sample, `not a sample: ${line}`);
    const [, name, label, value, number] = sample;
    const base = family.type === 'histogram' ? name.replace(/_(bucket|sum|count)$/, '') : name;
    assert.ok(family.type && base === family.name, `${name} stands with its type`);
    assert.ok(Number.isFinite(Number(number)), line);
    const twice = family.samples.some((one) => one.name === name && one.value === value);
    assert.ok(!twice, `twice: ${line}`);
    family.samples.push({ name, label, value, number: Number(number) });
  }
  for (const one of families.values()) checkFamily(one);
  return families;
}

function checkFamily({ name, type, help, samples }) {
  assert.ok(type && help, name);
  assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`);
  assert.doesNotMatch(name, UNBASED);
  assert.doesNotMatch(name, /_(bucket|sum|count|info|gauge|counter|histogram)$/);
  if (type !== 'histogram') return;
  const buckets = samples.filter((one) => one.name === `${name}_bucket`);
  const bounds = buckets.map(({ value }) => (value === '+Inf' ? Infinity : Number(value)));
  assert.ok(buckets.every(({ label }) => label === 'le'));
  for (let i = 1; i < buckets.length; ++i) {
    assert.ok(bounds[i] > bounds[i - 1] && buckets[i].number >= buckets[i - 1].number, name);
  }
  assert.equal(bounds.at(-1), Infinity);
  const [sum, count] = ['sum', 'count'].map((part) =>
    samples.find((one) => one.name === `${name}_${part}`),
  );
  assert.equal(count.number, buckets.at(-1).number);
  assert.ok(sum.number >= 0);
}
