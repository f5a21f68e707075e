// What the server tells of itself at /metrics, where that is switched on and of this origin: text in
// Prometheus' format, read as far as the board shows it.

const EVERY = 5000; // ms

/** {name: value} of the lines without labels, and {name: [[le, count]]} of the histograms. */
export function parseFigures(text) {
  const values = {};
  const buckets = {};
  for (const line of text.split('\n')) {
    const match = /^kefu_(\w+?)(?:_bucket\{le="([^"]+)"\})? (\S+)$/.exec(line);
    if (!match) continue;
    const [, name, le, value] = match;
    if (le === undefined) values[name] = Number(value);
    else (buckets[name] ??= []).push([le === '+Inf' ? Infinity : Number(le), Number(value)]);
  }
  return { values, buckets };
}

/** The bound below which half of what was counted between two readings lies; null if nothing was. */
export function medianBetween(before, after) {
  if (!before || !after) return null;
  const counts = after.map(([le, count], i) => [le, count - before[i][1]]);
  const all = counts.at(-1)[1];
  if (all <= 0) return null;
  return counts.find(([, count]) => count >= all / 2)[0];
}

/** Calls `read({entries, connections, latency})` now and then: rates a second, and seconds. */
export async function followFigures(read) {
  let last = null;
  for (;;) {
    let text = null;
    try {
      const response = await fetch('metrics', { cache: 'no-store' });
      if (response.status === 404) return; // switched off
      if (response.ok) text = await response.text();
    } catch {
      // the server is away
    }
    if (text !== null) {
      const now = { ...parseFigures(text), at: performance.now() };
      if (last && now.values.entries_appended_total >= last.values.entries_appended_total)
        read({
          connections: now.values.server_connections ?? 0,
          entries:
            (1000 * (now.values.entries_appended_total - last.values.entries_appended_total)) /
            (now.at - last.at),
          latency: medianBetween(last.buckets.append_seconds, now.buckets.append_seconds),
        });
      last = now;
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  }
}
