// EventStreamSocket: looks like a WebSocket to KefuClient, and is Server-Sent Events down and POSTs
// up (PROTOCOL.md, §15), for networks in which WebSockets don't get through.

const MAX_FRAMES = 64; // in one POST
const MAX_BYTES = 48 * 1024; // of one POST, below max_frame; a larger single frame goes alone
const RETRIES = 6; // of a POST without an answer
const RETRY_DELAY = 250; // ms before the first of them; it doubles

export class EventStreamSocket extends EventTarget {
  readyState = 0;
  #url;
  #key = null;
  #number = 0;
  #queue = [];
  #posting = false;
  #abort = new AbortController();

  /** @param {string} url  http: or https: */
  constructor(url) {
    super();
    this.#url = url;
    this.#listen().catch(() => this.#end(1006));
  }

  send(text) {
    this.#queue.push(text);
    this.#post();
  }

  close() {
    this.#end(1000);
  }

  async #listen() {
    const response = await fetch(this.#url, {
      headers: { Accept: 'text/event-stream' },
      cache: 'no-store',
      credentials: 'omit',
      signal: this.#abort.signal,
    });
    if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let unread = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return this.#end(1006);
      unread += decoder.decode(value, { stream: true });
      const events = unread.split('\n\n');
      unread = events.pop();
      for (const event of events) this.#event(event);
    }
  }

  #event(text) {
    if (this.readyState === 3) return;
    const lines = text.split('\n');
    const after = (name) =>
      lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    const data = after('data');
    if (data === undefined) return; // a heartbeat
    switch (after('event')) {
      case undefined:
        this.#dispatch('message', { data });
        break;
      case 'open':
        this.#key = JSON.parse(data).key;
        this.readyState = 1;
        this.#dispatch('open');
        this.#post();
        break;
      case 'close':
        this.#end(JSON.parse(data).code);
        break;
      default:
        break; // a newer server may say more
    }
  }

  // One POST at a time, so that messages arrive in their order; what comes meanwhile goes together.
  async #post() {
    if (this.#posting || this.readyState !== 1 || this.#queue.length === 0) return;
    this.#posting = true;
    let count = 1;
    for (let bytes = this.#queue[0].length; count < this.#queue.length; ++count) {
      bytes += this.#queue[count].length;
      if (count === MAX_FRAMES || bytes * 3 > MAX_BYTES) break;
    }
    const frames = this.#queue.splice(0, count);
    const body = count === 1 ? frames[0] : `[${frames.join(',')}]`;
    const sent = await this.#deliver(body, ++this.#number);
    this.#posting = false;
    if (!sent) return this.#end(1006);
    return this.#post();
  }

  // Asking again under the same number is safe: the server takes each number once.
  async #deliver(body, number) {
    const url = `${this.#url}?key=${encodeURIComponent(this.#key)}&n=${number}`;
    for (let attempt = 0; attempt < RETRIES && this.readyState === 1; ++attempt) {
      try {
        const { signal } = this.#abort;
        const { status } = await fetch(url, { method: 'POST', body, credentials: 'omit', signal });
        if (status === 204) return true;
        if (status !== 502 && status !== 503 && status !== 504) return false;
      } catch {
        // the answer, or the request, got lost
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY * 2 ** attempt));
    }
    return false;
  }

  #end(code) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#abort.abort();
    this.#dispatch('close', { code });
  }

  #dispatch(type, members = {}) {
    this.dispatchEvent(Object.assign(new Event(type), members));
  }
}
