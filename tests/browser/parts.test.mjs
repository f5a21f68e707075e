// The parts of the pages that need no page: what the log tells of service levels, ratings, canned
// replies, and the figures of the server.

import assert from 'node:assert/strict';
import { test } from 'node:test';

const WEB = '../../examples/helpdesk/web';
globalThis.location ??= { search: '', pathname: '/' }; // i18n.js looks at both
globalThis.navigator ??= { language: 'en' };
const { ratingBody, ratingOf } = await import(`${WEB}/rating.js`);
const { matching } = await import(`${WEB}/replies.js`);
const { slaOf } = await import(`${WEB}/sla.js`);
const { medianBetween, parseFigures } = await import(`${WEB}/server-figures.js`);
const { durationText } = await import(`${WEB}/staff.js`);

const sla = (body, at = '2026-11-23T08:00:00Z') => ({ kind: 'sla', body, at });

test('of each service level the last word counts; what was met is nobody’s concern', () => {
  const told = slaOf([
    sla('warned first_response'),
    { kind: 'text', body: 'breached resolution' },
    sla('breached first_response', '2026-11-23T08:05:00Z'),
    sla('met first_response', '2026-11-23T08:06:00Z'),
    sla('warned resolution', '2026-11-23T08:07:00Z'),
    sla('breached next_response', '2026-11-23T08:08:00Z'),
  ]);
  assert.deepEqual(told, [
    { target: 'next_response', what: 'breached', at: '2026-11-23T08:08:00Z' },
    { target: 'resolution', what: 'warned', at: '2026-11-23T08:07:00Z' },
  ]);
  assert.deepEqual(slaOf([sla('warned resolution'), sla('met resolution')]), []);
});

test('a rating is what a visitor has sent as one, and nothing else', () => {
  const from = (role, body, more = {}) => ratingOf({ kind: 'csat', role, body, ...more });
  assert.deepEqual(from('visitor', ratingBody(4, 'fine')), { score: 4, comment: 'fine' });
  assert.deepEqual(from('visitor', ratingBody(1, '')), { score: 1, comment: '' });
  assert.equal(from('agent', ratingBody(5, '')), null);
  assert.equal(from('visitor', ratingBody(5, ''), { kind: 'text' }), null);
  for (const body of ['', 'null', '[]', '{"score":6}', '{"score":"5"}', '{"score":4.5}', '{'])
    assert.equal(from('visitor', body), null, body);
  assert.equal(from('visitor', ratingBody(3, 'x'.repeat(9999))).comment.length, 500);
});

test('canned replies: the name comes before the text, and not too many', () => {
  const replies = [
    { name: 'bye', text: 'Hello again some day' },
    { name: 'hello', text: 'Good morning' },
    { name: 'price', text: '12 €' },
  ];
  const names = (typed) => matching(replies, typed).map(({ name }) => name);
  assert.deepEqual(names('hel'), ['hello', 'bye']);
  assert.deepEqual(names('€'), ['price']);
  assert.deepEqual(names('nothing'), []);
  assert.equal(names('').length, 3);
  assert.equal(matching(Array(50).fill(replies[0]), '').length, 8);
});

test('the figures of the server, and what lay between two readings', () => {
  const reading = (low, all) =>
    parseFigures(
      `# TYPE kefu_connections gauge\nkefu_connections 7\nkefu_refusals_total{code="denied"} 3\n` +
        `kefu_append_bucket{le="1"} ${low}\nkefu_append_bucket{le="+Inf"} ${all}\nother 5\n`,
    );
  const { values, buckets } = reading(4, 10);
  assert.deepEqual(values, { connections: 7 });
  assert.deepEqual(buckets.append, [
    [1, 4],
    [Infinity, 10],
  ]);
  assert.equal(medianBetween(buckets.append, reading(7, 14).buckets.append), 1);
  assert.equal(medianBetween(buckets.append, reading(5, 14).buckets.append), Infinity);
  assert.equal(medianBetween(buckets.append, buckets.append), null);
});

test('how long something takes, as people write it', () => {
  assert.deepEqual([0, 59_999, 61_000, 3_600_000 + 5000, -1].map(durationText), [
    '0:00',
    '0:59',
    '1:01',
    '1:00:05',
    '0:00',
  ]);
});
