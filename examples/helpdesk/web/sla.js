// What the log tells of a conversation's service levels: kefu's entries `sla` in the internal log,
// whose body is "warned", "breached" or "met", and the target. No DOM.

/**
 * The targets that need somebody: [{target, what, at}], those that are broken first; `at` is when it
 * was told. What was met is left out.
 */
export function slaOf(entries) {
  const last = new Map();
  for (const { kind, body, at } of entries) {
    if (kind !== 'sla') continue;
    const [what, target] = body.split(' ');
    last.set(target, { target, what, at });
  }
  return [...last.values()]
    .filter(({ what }) => what === 'warned' || what === 'breached')
    .sort((a, b) => (a.what < b.what ? -1 : a.what > b.what ? 1 : 0));
}
