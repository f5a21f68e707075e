// Desk: what all pages share. It connects, and keeps a transcript of every conversation up to
// date; `change` tells that one has changed (detail: its id, or null for all).

import { KefuClient, KefuEvent } from './kefu-client.js';
import { OutgoingFiles } from './outgoing-files.js';
import { Transcript } from './transcript.js';

const TYPING_LASTS = 6000; // ms; the other side repeats it while it goes on

export class Desk extends EventTarget {
  status = { state: 'stopped' };
  takesFiles = false; // whether the server does
  showsTyping = false; // whether staff see what one types
  #conversations = new Map(); // id → {view, transcript, typing: Map of participant → {timer, preview}}
  #changed = new Set();

  /**
   * @param {'visitor'|'agent'|'supervisor'} role
   * @param {string} me  the participant's id
   * @param {string} [options.url]  of the server, as KefuClient takes it
   * @param {() => Promise<object>} [options.token]  resolves to {token, expires_at, files, preview}
   */
  constructor(role, me, { url, token = () => demoToken(role, me) } = {}) {
    super();
    this.role = role;
    this.me = me;
    this.client = new KefuClient({
      name: `${role}:${me}`,
      url,
      token: () => this.#fetchToken(token),
    });
    this.files = new OutgoingFiles(this.client, `${role}:${me}`, (...file) =>
      this.#hasSent(...file),
    );
    this.#listen();
  }

  async start() {
    await this.client.start();
    for (const view of this.client.conversations) {
      const { transcript } = this.#known(view);
      for (const send of this.client.pending(view.id))
        transcript.setSend({ ...send, state: 'pending' });
    }
    this.#change(null);
    await this.files.restore();
  }

  /** All conversations, the newest last. */
  get conversations() {
    return [...this.#conversations.values()].sort((a, b) =>
      a.view.opened_at < b.view.opened_at ? -1 : 1,
    );
  }

  get(id) {
    return this.#conversations.get(id);
  }

  /** Who is typing in a conversation. */
  typing(id) {
    return [...(this.#conversations.get(id)?.typing.keys() ?? [])];
  }

  /** What the visitor of a conversation is typing, as far as one may see it; else ''. */
  preview(id) {
    const all = [...(this.#conversations.get(id)?.typing.values() ?? [])];
    return all.find(({ preview }) => preview)?.preview ?? '';
  }

  /** Loads a page of older entries; resolves when they are in the transcript. */
  async loadEarlier(id) {
    const { transcript } = this.#conversations.get(id);
    const logs = this.role === 'visitor' ? ['public'] : ['public', 'internal'];
    const pages = logs.map((log) => transcript.earlier(log)).filter((range) => range !== null);
    await Promise.all(
      pages.map(async (range) => {
        const { entries } = await this.client.history({ conversation: id, ...range });
        for (const entry of entries) transcript.add(entry);
      }),
    );
    this.#change(id);
  }

  /** Forgets a failed send, or sends it again. */
  discard(id, send, { again }) {
    this.#conversations.get(id).transcript.discard(send.id);
    if (again) this.client.send(id, send.body, { kind: send.kind, log: send.log });
    this.#change(id);
  }

  async #fetchToken(ask) {
    const answer = await ask();
    this.takesFiles = answer.files === true;
    this.showsTyping = answer.preview === true && this.role === 'visitor';
    this.#change(null);
    return answer;
  }

  // Whether a file is in a message of a conversation, as far as this page knows it.
  #hasSent(id, file) {
    const known = this.#conversations.get(id)?.transcript.items ?? [];
    const isIt = ({ kind, body }) => kind === 'file' && body === file;
    return known.some(({ message }) => isIt(message)) || this.client.pending(id).some(isIt);
  }

  #listen() {
    this.files.addEventListener('change', ({ conversation }) => this.#change(conversation));
    const on = (name, listener) =>
      this.client.addEventListener(name, ({ detail }) => listener(detail));
    on('status', (detail) => {
      this.status = detail;
      this.#change(null);
    });
    on('conversation', ({ conversation }) => {
      this.#known(conversation).view = conversation;
      this.#change(conversation.id);
    });
    on('entry', ({ conversation, entry }) =>
      this.#with(conversation, (one) => {
        one.transcript.add(entry);
        this.#stopTyping(conversation, entry.from);
      }),
    );
    on('send', (send) =>
      this.#with(send.conversation, ({ transcript }) => transcript.setSend(send)),
    );
    on('receipt', (receipt) =>
      this.#with(receipt.conversation, ({ transcript }) => transcript.receipt(receipt)),
    );
    on('reset', ({ conversation, log, tail }) =>
      this.#with(conversation, ({ transcript }) => transcript.reset(log, tail)),
    );
    on('typing', (detail) => this.#typing(detail));
    on('offers', () => this.#change(null));
    on('agents', () => this.#change(null));
    on('error', (detail) => this.dispatchEvent(new KefuEvent('error', detail)));
  }

  #known(view) {
    let one = this.#conversations.get(view.id);
    if (!one) {
      one = { view, transcript: new Transcript(view, this.me), typing: new Map() };
      this.#conversations.set(view.id, one);
    }
    return one;
  }

  #with(id, action) {
    const view = this.client.conversations.find((each) => each.id === id);
    if (view) action(Object.assign(this.#known(view), { view }));
    this.#change(id);
  }

  #typing({ conversation, from, on, preview }) {
    if (from === this.me) return;
    this.#stopTyping(conversation, from);
    const one = this.#conversations.get(conversation);
    if (on && one)
      one.typing.set(from, {
        timer: setTimeout(() => this.#stopTyping(conversation, from), TYPING_LASTS),
        preview,
      });
    this.#change(conversation);
  }

  #stopTyping(conversation, from) {
    const typing = this.#conversations.get(conversation)?.typing;
    clearTimeout(typing?.get(from)?.timer);
    if (typing?.delete(from)) this.#change(conversation);
  }

  // One event for a burst of changes. Not by animation frames: a hidden tab has none.
  #change(id) {
    if (this.#changed.size === 0)
      queueMicrotask(() => {
        const changed = [...this.#changed];
        this.#changed.clear();
        for (const one of changed.includes(null) ? [null] : changed)
          this.dispatchEvent(new KefuEvent('change', one));
      });
    this.#changed.add(id);
  }
}

/** ?id=… of the page's address; without it one that this browser keeps. */
export function participantId(role) {
  return new URLSearchParams(location.search).get('id') || keptId(`kefu-demo/${role}`, role);
}

/** The id that this browser keeps under `key`; a new one where there is none. */
export function keptId(key, role) {
  let id = null;
  try {
    id = localStorage.getItem(key);
    id ??= `${role}-${Math.random().toString(36).slice(2, 7)}`;
    localStorage.setItem(key, id);
  } catch {
    // storage is forbidden: another one next time
    id ??= `${role}-${Math.random().toString(36).slice(2, 7)}`;
  }
  return id;
}

async function demoToken(role, id) {
  const response = await fetch(`/demo/token?${new URLSearchParams({ role, id })}`, {
    cache: 'no-store',
  });
  if (!response.ok) throw new Error(`token: ${response.status}`);
  return response.json();
}
