// A node is killed, frozen, cut off or drained, PostgreSQL or NATS restarted, under load: what the clients notice.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cluster } from './cluster.mjs';
import { kDrills, row, run, titles } from './drill.mjs';

const kPairs = Number(process.env.KEFU_CLUSTER_PAIRS ?? 30);

let cluster;
before(async () => {
  cluster = await Cluster.start(3, { wired: true });
});
after(() => cluster?.remove());

test('failover', async (context) => {
  console.log(titles);
  for (const [name, fault] of Object.entries(kDrills)) {
    const skip = name.startsWith('cut') && !cluster.wire && 'no root, or no veth';
    await context.test(name, { skip }, async () => {
      const report = await run(cluster, name, fault, { pairs: kPairs });
      console.log(row(report));
      assert.ok(report.acknowledged > 0 && report.affected > 0);
      const { lost, doubled, disordered, stranded } = report;
      assert.deepEqual(
        { lost, doubled, disordered, stranded },
        { lost: 0, doubled: 0, disordered: 0, stranded: 0 },
        report.why,
      );
      cluster.check();
    });
  }
});
