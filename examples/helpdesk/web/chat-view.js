// ChatView: one conversation on the screen: its messages, who is typing, and the composer. Both
// pages use it.

import { arrange, el } from './dom.js';
import { t, tOr, timeText } from './i18n.js';

const NEAR_END = 80; // px

export class ChatView {
  #desk;
  #id;
  #nodes = new Map(); // key of an item → its element
  #note = false;
  #loading = false;
  #loaded = false;
  #atEnd = true; // whoever reads the end wants to see what comes

  /** @param {boolean} options.notes whether internal notes can be written */
  constructor(desk, id, { notes = false } = {}) {
    this.#desk = desk;
    this.#id = id;
    this.#build(notes);
    this.update();
  }

  /** Brings the view up to date with the desk. */
  update() {
    const one = this.#desk.get(this.#id);
    if (!one) return;
    const { view, transcript } = one;
    const items = transcript.items;
    arrange(
      this.list,
      items.map((item) => this.#row(item)),
    );
    for (const key of this.#nodes.keys())
      if (!items.some((item) => item.key === key)) this.#nodes.delete(key);
    this.log.setAttribute('aria-label', t('log', { name: this.#otherName(view) }));
    this.earlier.hidden = transcript.earlier() === null;
    this.typing.textContent = this.#desk
      .typing(this.#id)
      .map((name) => t('typing', { name }))
      .join(' ');
    this.#setOpen(view.open);
    this.#keepEnd();
    if (!this.#loaded) this.#loadFirst(transcript);
    this.#markRead(view);
  }

  /** Puts the cursor where one writes. */
  focus() {
    (this.text.disabled ? this.log : this.text).focus();
  }

  // ---- what it consists of

  #build(notes) {
    this.list = el('ol', { class: 'messages' });
    this.earlier = el(
      'button',
      {
        class: 'earlier',
        type: 'button',
        hidden: true,
        'data-testid': 'earlier',
        onclick: () => this.#loadEarlier(),
      },
      t('earlier'),
    );
    this.log = el(
      'div',
      {
        class: 'log',
        role: 'log',
        'aria-live': 'polite',
        'aria-relevant': 'additions',
        tabindex: '0',
        'data-testid': 'log',
      },
      this.earlier,
      this.list,
    );
    this.typing = el('p', { class: 'typing', role: 'status', 'data-testid': 'typing' });
    this.text = el('textarea', {
      id: `text-${this.#id}`,
      class: 'text',
      rows: '1',
      placeholder: t('message_placeholder'),
      autocomplete: 'off',
      'data-testid': 'text',
      onkeydown: (event) => this.#key(event),
      oninput: () => this.#typed(),
    });
    this.submit = el(
      'button',
      { class: 'primary', type: 'submit', 'data-testid': 'send' },
      t('send'),
    );
    this.toggle = el(
      'button',
      {
        class: 'toggle',
        type: 'button',
        'aria-pressed': 'false',
        'aria-label': t('note'),
        title: t('note'),
        'data-testid': 'note-toggle',
        onclick: () => this.#setNote(!this.#note),
      },
      t('note_short'),
    );
    this.form = el(
      'form',
      { class: 'composer', onsubmit: (event) => this.#submit(event) },
      el('label', { class: 'visually-hidden', for: this.text.id }, t('message')),
      notes ? this.toggle : null,
      this.text,
      this.submit,
    );
    this.root = el('div', { class: 'chat' }, this.log, this.typing, this.form);
    this.log.addEventListener('scroll', () => this.#scrolled());
    // The keyboard of a phone, a longer draft, or being shown at all changes its height.
    new ResizeObserver(() => this.#keepEnd()).observe(this.log);
  }

  #row(item) {
    let row = this.#nodes.get(item.key);
    if (!row) {
      row = el('li', { 'data-testid': 'message' });
      this.#nodes.set(item.key, row);
    }
    const look = JSON.stringify([
      item.kind,
      item.state,
      item.message.body,
      item.message.at,
      item.message.seq,
    ]);
    if (row.look === look) return row;
    row.look = look;
    row.className = classesOf(item);
    row.dataset.state = item.state ?? '';
    row.dataset.seq = item.message.seq ?? '';
    row.dataset.log = item.message.log;
    row.replaceChildren(
      ...(item.kind === 'system' ? [this.#system(item.message)] : this.#message(item)),
    );
    return row;
  }

  #system({ kind, body, at }) {
    return el('p', {}, `${t(kind, { name: body })} `, el('time', { datetime: at }, timeText(at)));
  }

  #message({ kind, message, state }) {
    const { own, from, body, at, made_at, log, tags = '' } = message;
    const gone = tags.split(',')[1] === 'recalled';
    const note = log === 'internal' ? el('span', { class: 'tag' }, t('note')) : null;
    const who = el('span', { class: own ? 'visually-hidden' : 'who' }, own ? t('you') : from);
    const when = el(
      'time',
      { datetime: at ?? new Date(made_at).toISOString() },
      timeText(at ?? made_at),
    );
    const parts = [
      el('div', { class: 'head' }, who, note),
      el('p', { class: 'body', 'data-testid': 'body', dir: 'auto' }, gone ? t('taken_back') : body),
      el('div', { class: 'foot' }, when, state ? this.#state(state) : null),
    ];
    if (kind === 'send' && state === 'failed') parts.push(this.#failed(message));
    return parts;
  }

  #state(state) {
    const shown = state === 'pending' ? 'sending' : state;
    return el('span', { class: `state ${shown}`, 'data-testid': 'state' }, t(shown));
  }

  #failed(send) {
    const act = (again) => () => this.#desk.discard(this.#id, send, { again });
    return el(
      'div',
      { class: 'failure', role: 'alert' },
      el('span', {}, tOr('why', send.code)),
      send.code === 'closed'
        ? null
        : el('button', { type: 'button', onclick: act(true) }, t('retry')),
      el('button', { type: 'button', onclick: act(false) }, t('discard')),
    );
  }

  #otherName(view) {
    return this.#desk.role === 'agent' ? view.visitor : t('agent');
  }

  // ---- what it does

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.log;
    if (clientHeight > 0) this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  #keepEnd() {
    if (this.#atEnd) this.log.scrollTop = this.log.scrollHeight;
  }

  async #loadFirst(transcript) {
    this.#loaded = true;
    if (transcript.items.every((item) => item.kind === 'send') && transcript.earlier()) {
      await this.#loadEarlier();
      this.log.scrollTop = this.log.scrollHeight;
    }
  }

  async #loadEarlier() {
    if (this.#loading) return;
    this.#loading = true;
    const fromEnd = this.log.scrollHeight - this.log.scrollTop;
    try {
      await this.#desk.loadEarlier(this.#id);
      this.update();
      // what one was reading stays where it was
      this.log.scrollTop = this.log.scrollHeight - fromEnd;
    } catch {
      this.#loaded = false; // update() tries again
    } finally {
      this.#loading = false;
    }
  }

  #markRead(view) {
    const seen =
      document.visibilityState === 'visible' &&
      this.root.isConnected &&
      this.root.offsetParent !== null;
    if (seen && view.position > view.read) this.#desk.client.read(this.#id, view.position);
  }

  #setOpen(open) {
    for (const control of [this.text, this.submit, this.toggle]) control.disabled = !open;
    this.form.hidden = !open;
  }

  #setNote(on) {
    this.#note = on;
    this.toggle.setAttribute('aria-pressed', String(on));
    this.form.classList.toggle('noting', on);
    this.text.placeholder = t(on ? 'note_placeholder' : 'message_placeholder');
    this.text.focus();
  }

  // Enter sends, Shift+Enter breaks the line; while an input method composes, Enter belongs to it.
  #key(event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229)
      return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  #typed() {
    if (!this.#note) this.#desk.client.typing(this.#id, this.text.value !== '');
  }

  #submit(event) {
    event.preventDefault();
    const body = this.text.value.trim();
    if (body === '') return;
    this.text.value = '';
    this.#desk.client.send(this.#id, body, { log: this.#note ? 'internal' : 'public' });
    this.log.scrollTop = this.log.scrollHeight;
  }
}

function classesOf({ kind, message, state }) {
  if (kind === 'system') return 'system';
  return [
    'message',
    message.own ? 'own' : 'other',
    message.log === 'internal' ? 'internal' : '',
    state === 'failed' ? 'failed' : '',
  ]
    .filter(Boolean)
    .join(' ');
}
