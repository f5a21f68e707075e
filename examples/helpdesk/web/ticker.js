// Ticker: what shows a time that goes on is told once a second, for as long as it is on the page.

const shown = new Map(); // element → how to bring it up to date
let timer = null;

/** Calls `update` now and every second while `element` is in the document. */
export function tick(element, update) {
  shown.set(element, update);
  update();
  timer ??= setInterval(all, 1000);
  return element;
}

function all() {
  for (const [element, update] of shown) {
    if (element.isConnected) update();
    else shown.delete(element);
  }
  if (shown.size > 0) return;
  clearInterval(timer);
  timer = null;
}
