// ChatView: one conversation on the screen: its messages, who is typing, and the composer. Both
// pages use it.

import { arrange, el, icon } from './dom.js';
import { FileCard } from './file-card.js';
import { t, tOr, timeText } from './i18n.js';
import { OutgoingView } from './outgoing-view.js';
import { ratingOf, starsText } from './rating.js';

const NEAR_END = 80; // px
const RECALL_WITHIN = 120_000; // ms, the server's default: it decides

export class ChatView {
  #desk;
  #id;
  #nodes = new Map(); // key of an item → its element
  #note = false;
  #loading = false;
  #loaded = false;
  #dragged = 0; // elements of this view that something is dragged over
  #recallTimer = null;
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
    this.preview.textContent = this.#desk.preview(this.#id);
    this.told.hidden = !this.#desk.showsTyping;
    if (this.#desk.showsTyping) this.text.setAttribute('aria-describedby', this.told.id);
    this.outgoing.update(this.#id);
    this.#setOpen(view.open);
    this.#keepEnd();
    this.#endRecalls(items);
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
    // Whoever listens to the page is told what was sent, and not each change of this.
    this.preview = el('p', { class: 'preview', 'aria-live': 'off', 'data-testid': 'preview' });
    this.told = el(
      'p',
      { class: 'told', id: `told-${this.#id}`, hidden: true, 'data-testid': 'preview-told' },
      t('preview_told'),
    );
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
    this.picker = el('input', {
      type: 'file',
      multiple: true,
      hidden: true,
      'data-testid': 'picker',
      onchange: () => {
        this.#addFiles(this.picker.files);
        this.picker.value = '';
      },
    });
    this.attach = el(
      'button',
      {
        class: 'toggle attach',
        type: 'button',
        'aria-label': t('attach'),
        title: t('attach'),
        'data-testid': 'attach',
        onclick: () => this.picker.click(),
      },
      icon('attach'),
    );
    this.problem = el('p', { class: 'problem', role: 'alert', 'data-testid': 'file-problem' });
    this.outgoing = new OutgoingView(this.#desk.files, () => this.focus());
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
      this.picker,
      this.attach,
      notes ? this.toggle : null,
      this.text,
      this.submit,
    );
    this.root = el(
      'div',
      { class: 'chat', 'data-drop': t('drop_here') },
      this.log,
      this.typing,
      this.preview,
      this.outgoing.root,
      this.problem,
      this.told,
      this.form,
    );
    this.#takeFiles();
    this.log.addEventListener('scroll', () => this.#scrolled());
    // The keyboard of a phone, a longer draft, or being shown at all changes its height.
    new ResizeObserver(() => this.#keepEnd()).observe(this.log);
  }

  // Files that are pasted or dropped anywhere on the conversation.
  #takeFiles() {
    const on = (name, listener) => this.root.addEventListener(name, listener);
    const carries = ({ dataTransfer }) => dataTransfer?.types.includes('Files');
    const over = (change) => {
      this.#dragged = change === 0 ? 0 : this.#dragged + change;
      this.root.classList.toggle('dropping', this.#dragged > 0 && this.#takesFiles);
    };
    on('paste', (event) => {
      const { files } = event.clipboardData ?? {};
      if (!files?.length) return;
      event.preventDefault();
      this.#addFiles(files);
    });
    on('dragenter', (event) => carries(event) && over(1));
    on('dragleave', (event) => carries(event) && over(-1));
    on('dragover', (event) => carries(event) && event.preventDefault());
    on('drop', (event) => {
      if (!carries(event)) return;
      event.preventDefault(); // or the browser would open it in place of the page
      over(0);
      this.#addFiles(event.dataTransfer.files);
    });
  }

  get #takesFiles() {
    return this.#desk.takesFiles && !this.form.hidden && !this.#note;
  }

  #addFiles(files) {
    this.problem.textContent = '';
    if (!this.#takesFiles) {
      // Whoever is writing a note would send it to the visitor.
      this.problem.textContent = t(this.#note ? 'no_files_in_notes' : 'no_files');
      return;
    }
    for (const file of files) this.#desk.files.add(this.#id, file);
    this.text.focus();
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
      recallableFor(item) > 0,
    ]);
    if (row.look === look) return row;
    row.look = look;
    row.className = classesOf(item);
    row.dataset.state = item.state ?? '';
    row.dataset.seq = item.message.seq ?? '';
    row.dataset.log = item.message.log;
    row.replaceChildren(
      ...(item.kind === 'system' ? [this.#system(item.message)] : this.#message(item, row)),
    );
    return row;
  }

  #system({ kind, body, at }) {
    return el('p', {}, `${t(kind, { name: body })} `, el('time', { datetime: at }, timeText(at)));
  }

  #message(item, row) {
    const { kind, message, state } = item;
    const { own, from, at, made_at, log } = message;
    const note = log === 'internal' ? el('span', { class: 'tag' }, t('note')) : null;
    const who = el('span', { class: own ? 'visually-hidden' : 'who' }, own ? t('you') : from);
    const when = el(
      'time',
      { datetime: at ?? new Date(made_at).toISOString() },
      timeText(at ?? made_at),
    );
    const parts = [
      el('div', { class: 'head' }, who, note),
      this.#body(message, row),
      el(
        'div',
        { class: 'foot' },
        recallableFor(item) > 0 ? this.#recall(message) : null,
        when,
        state ? this.#state(state) : null,
      ),
    ];
    if (kind === 'send' && state === 'failed') parts.push(this.#failed(message));
    return parts;
  }

  #body(message, row) {
    if (message.kind === 'file' && !goneAs(message)) {
      row.card ??= new FileCard(this.#desk.client, message.body, () => this.#keepEnd());
      return row.card.root;
    }
    const text = lineOf(message);
    return el('p', { class: 'body', 'data-testid': 'body', dir: 'auto' }, text);
  }

  #recall({ seq, log }) {
    const button = el(
      'button',
      {
        type: 'button',
        class: 'recall',
        'data-testid': 'recall',
        onclick: async () => {
          button.disabled = true;
          this.problem.textContent = '';
          try {
            await this.#desk.client.recall(this.#id, seq, { log });
            this.log.focus(); // the button is gone
          } catch (error) {
            this.problem.textContent =
              error.rule === 'too_late' ? t('recall_too_late') : t('error', { code: error.code });
            button.disabled = false;
          }
        },
      },
      t('recall'),
    );
    return button;
  }

  // The buttons go when it is too late for them.
  #endRecalls(items) {
    clearTimeout(this.#recallTimer);
    const next = Math.min(...items.map(recallableFor).filter((left) => left > 0));
    if (next !== Infinity) this.#recallTimer = setTimeout(() => this.update(), next);
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
    return this.#desk.role === 'visitor' ? t('agent') : view.visitor;
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
    this.attach.hidden = !this.#desk.takesFiles;
    this.attach.disabled = !open || this.#note;
  }

  #setNote(on) {
    this.#note = on;
    this.attach.disabled = on;
    this.problem.textContent = '';
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
    if (this.#note) return;
    const preview = this.#desk.showsTyping ? this.text.value : undefined;
    this.#desk.client.typing(this.#id, this.text.value !== '', preview);
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

/** What is said in place of a message whose text is gone, or undefined. */
const goneAs = ({ tags = '' }) =>
  ({ recalled: 'taken_back', expired: 'kept_no_longer' })[tags.split(',')[1]];

/** For how many ms more its writer may take it back. */
function recallableFor({ kind, message }) {
  if (kind !== 'message' || !message.own || goneAs(message)) return 0;
  return Math.max(0, Date.parse(message.at) + RECALL_WITHIN - Date.now());
}

/** One line that stands for a message, in a list. */
export function lineOf(message) {
  const gone = goneAs(message);
  if (gone) return t(gone);
  const rating = ratingOf(message);
  if (rating) return [starsText(rating.score), rating.comment].filter(Boolean).join(' · ');
  return message.kind === 'file' ? t('a_file') : message.body;
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
