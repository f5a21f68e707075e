// The drill: clients talk through all nodes while something fails, and a line of figures on what they
// noticed.

import { setTimeout as pause } from 'node:timers/promises';
import { Talk, quantile } from './talk.mjs';

const kBefore = 1500; // ms of load before the fault …
const kAfter = 2500; // … and after it is over
const kStages = ['lost_by', 'again_by', 'resumed_by']; // see Guest

/** What fails. Each resolves when it is over; `began()` marks the fault. */
export const kDrills = {
  'kill -9 a node': async ({ nodes }, began) => {
    began();
    await nodes[0].kill();
    await pause(1000);
    await nodes[0].up();
  },
  'SIGSTOP a node for 5 s': async ({ nodes }, began) => {
    process.kill(nodes[1].pid, 'SIGSTOP');
    began();
    await pause(5000);
    process.kill(nodes[1].pid, 'SIGCONT');
  },
  'cut a node off for 5 s': async ({ wire }, began) => {
    wire.cut();
    began();
    await pause(5000);
    wire.mend();
  },
  'restart PostgreSQL': async ({ postgres }, began) => {
    began();
    await postgres.restart('SIGINT');
  },
  'crash PostgreSQL': async ({ postgres }, began) => {
    began();
    await postgres.restart('SIGQUIT');
  },
  'restart NATS': async ({ nats }, began) => {
    began();
    await nats.kill();
    await pause(500);
    await nats.up();
  },
  'restart all nodes in turn': async ({ nodes }, began) => {
    began();
    for (const node of nodes) {
      await node.stop();
      await node.up();
      await pause(500);
    }
  },
};

/** Runs one under the load of so many pairs, visitor and agent on different nodes. */
export async function run(cluster, name, fault, { pairs = 30, pace = 100, patience = 1000 } = {}) {
  const count = cluster.nodes.length;
  const made = await Promise.all(
    Array.from({ length: pairs }, (_, i) => cluster.pair(i % count, (i + 1) % count)),
  );
  const talks = made.map((pair) => new Talk(pair, { pace, patience }));
  for (const talk of talks) talk.start();
  // A speaker that fails must not wait for the end to say so.
  const failed = Promise.all(talks.map((talk) => talk.done));
  failed.catch(() => {});
  await pause(kBefore);
  const speakers = talks.flatMap((talk) => talk.speakers);
  const resumed = speakers.map(({ courier }) => courier.resumed);
  let since = 0;
  await fault(cluster, () => (since = performance.now()));
  await pause(kAfter);
  for (const talk of talks) talk.stop();
  await failed;
  // Those who lost their connection; where nobody did, all.
  const cut = speakers.filter(({ courier }, i) => courier.resumed > resumed[i]);
  const affected = cut.length > 0 ? cut : speakers;
  const acks = Talk.firstAcks(affected, since);
  const report = { name, affected: affected.length, p50: quantile(acks, 0.5) };
  Object.assign(report, { p99: quantile(acks, 0.99), worst: acks.at(-1) });
  // Where that time went: when the slowest had lost its connection, had another, and was known there.
  for (const stage of kStages)
    report[stage] = Math.max(...cut.map(({ peer }) => peer.times[stage])) - since;
  report.acknowledged = speakers.reduce((sum, { settled }) => sum + settled.length, 0);
  report.longest = Math.max(...speakers.map(({ settled }) => longestGap(settled)));
  report.refused = speakers.reduce((sum, { courier }) => sum + refusals(courier), 0);
  for (const verdict of await Promise.all(talks.map((talk) => talk.verdict()))) {
    for (const [key, value] of Object.entries(verdict)) {
      report[key] = key === 'why' ? value : (report[key] ?? 0) + value;
    }
  }
  return report;
}

const refusals = ({ outcomes }) => outcomes.filter(({ code }) => code).length;

/** Between two outcomes, ms. */
function longestGap(settled) {
  return settled.reduce((most, time, i) => (i > 0 ? Math.max(most, time - settled[i - 1]) : 0), 0);
}

const kColumns = [
  ['name', 26],
  ['affected', 9],
  ...kStages.map((stage) => [stage, 10]),
  ['p50', 8],
  ['p99', 8],
  ['worst', 8],
  ['longest', 8],
  ['acknowledged', 13],
  ['refused', 8],
  ['lost', 5],
  ['doubled', 8],
  ['disordered', 11],
  ['stranded', 9],
];

/** What the columns are, in ms: when the last of those affected had come so far, times to the first new ack after the
 * fault, and the longest wait between two. */
export const titles = line((name) => name);

export function row(report) {
  return line((name) => {
    const value = report[name];
    if (typeof value !== 'number') return value;
    return Number.isFinite(value) ? String(Math.round(value)) : '-'; // nobody lost a connection
  });
}

function line(cell) {
  return kColumns
    .map(([name, width], i) => (i === 0 ? cell(name).padEnd(width) : cell(name).padStart(width)))
    .join(' ');
}
