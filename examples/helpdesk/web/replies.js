// Canned replies: kept in this browser, chosen by `/` at the beginning of a message.

import { arrange, el } from './dom.js';
import { t } from './i18n.js';
import { field, showModal } from './modal.js';

const KEY = 'kefu-desk/replies';
const SHOWN = 8;
const AS_THEY_ARE = { visitor: '{visitor}' };

/** [{name, text}], as this browser keeps them. `{visitor}` in a text becomes the visitor's name. */
export function loadReplies() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY));
    if (Array.isArray(kept))
      return kept.filter(({ name, text }) => typeof name === 'string' && typeof text === 'string');
  } catch {
    // none, or storage is forbidden
  }
  return ['hello', 'moment', 'bye'].map((name) => ({
    name: t(`reply_${name}_name`),
    text: t(`reply_${name}`, AS_THEY_ARE),
  }));
}

function keepReplies(replies) {
  try {
    localStorage.setItem(KEY, JSON.stringify(replies));
  } catch {
    // then until the page is loaded anew
  }
}

/** Those that fit what was typed behind the `/`: the name first, then the text. */
export function matching(replies, typed) {
  const wanted = typed.toLowerCase();
  const rank = ({ name, text }) =>
    name.toLowerCase().startsWith(wanted) ? 0 : text.toLowerCase().includes(wanted) ? 1 : 2;
  return replies
    .filter((reply) => rank(reply) < 2)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, SHOWN);
}

/** The list above a composer. */
export class ReplyPicker {
  #chat;
  #values;
  #shown = [];
  #at = 0;

  /** @param {ChatView} chat  @param {() => object} values  for the {placeholders} */
  constructor(chat, values) {
    this.#chat = chat;
    this.#values = values;
    this.list = el('ul', {
      id: `replies-${chat.text.id}`,
      class: 'replies',
      role: 'listbox',
      'aria-label': t('replies'),
      hidden: true,
      'data-testid': 'replies',
    });
    chat.form.before(this.list);
    chat.text.setAttribute('aria-autocomplete', 'list');
    chat.text.setAttribute('aria-controls', this.list.id);
    chat.text.addEventListener('input', () => this.#update());
    chat.text.addEventListener('blur', () => this.#close());
    // Before the composer, to which Enter means something else.
    chat.root.addEventListener('keydown', (event) => this.#key(event), { capture: true });
  }

  #update() {
    const { value } = this.#chat.text;
    this.#shown = value.startsWith('/') ? matching(loadReplies(), value.slice(1).trim()) : [];
    this.#at = 0;
    this.#show();
  }

  #show() {
    const { text } = this.#chat;
    this.list.hidden = this.#shown.length === 0;
    this.list.replaceChildren(...this.#shown.map((reply, i) => this.#option(reply, i)));
    if (this.list.hidden) text.removeAttribute('aria-activedescendant');
    else text.setAttribute('aria-activedescendant', `${this.list.id}-${this.#at}`);
  }

  #option({ name, text }, i) {
    return el(
      'li',
      {
        id: `${this.list.id}-${i}`,
        role: 'option',
        'aria-selected': String(i === this.#at),
        'data-testid': 'reply',
        onmousedown: (event) => {
          event.preventDefault(); // the composer keeps the focus
          this.#take(i);
        },
      },
      el('strong', {}, `/${name}`),
      el('span', { class: 'line' }, text),
    );
  }

  #key(event) {
    if (this.list.hidden || event.target !== this.#chat.text || event.isComposing) return;
    const count = this.#shown.length;
    if (event.key === 'ArrowDown') this.#at = (this.#at + 1) % count;
    else if (event.key === 'ArrowUp') this.#at = (this.#at + count - 1) % count;
    else if (event.key === 'Escape') this.#shown = [];
    else if (event.key !== 'Enter' && event.key !== 'Tab') return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === 'Enter' || event.key === 'Tab') this.#take(this.#at);
    else this.#show();
  }

  #take(i) {
    const values = this.#values();
    const { text } = this.#chat;
    text.value = this.#shown[i].text.replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
    this.#close();
    text.dispatchEvent(new Event('input'));
  }

  #close() {
    this.#shown = [];
    this.#show();
  }
}

/** Where they are written and thrown away. */
export function showReplies() {
  const list = el('ul', { class: 'stack', 'data-testid': 'reply-list' });
  const rows = new Map(loadReplies().map((reply) => [reply, null]));
  const name = el('input', {
    class: 'line-input',
    maxlength: '40',
    required: true,
    'data-testid': 'reply-name',
  });
  const text = el('textarea', {
    class: 'area',
    rows: '3',
    required: true,
    'data-testid': 'reply-text',
  });
  const update = () => {
    for (const [reply, row] of rows) if (!row) rows.set(reply, rowOf(reply));
    arrange(list, [...rows.values()]);
    keepReplies([...rows.keys()]);
  };
  const rowOf = (reply) =>
    el(
      'li',
      { class: 'entry-row' },
      el(
        'div',
        { class: 'summary' },
        el('strong', {}, `/${reply.name}`),
        el('span', {}, reply.text),
      ),
      el(
        'button',
        {
          class: 'quiet',
          type: 'button',
          'aria-label': t('delete_what', { name: reply.name }),
          onclick: () => {
            rows.delete(reply);
            update();
            name.focus();
          },
        },
        t('delete'),
      ),
    );
  const add = (event) => {
    event.preventDefault();
    rows.set({ name: name.value.trim().replace(/^\//, ''), text: text.value.trim() }, null);
    update();
    name.value = text.value = '';
    name.focus();
  };
  update();
  showModal({
    title: t('replies'),
    name: 'replies-dialog',
    content: [
      el('p', { class: 'faint' }, t('replies_hint', AS_THEY_ARE)),
      list,
      el(
        'form',
        { class: 'stack', onsubmit: add },
        field('reply_name', name),
        field('reply_text', text),
        el(
          'div',
          { class: 'choices' },
          el('button', { class: 'primary', type: 'submit', 'data-testid': 'reply-add' }, t('add')),
        ),
      ),
    ],
  });
}
