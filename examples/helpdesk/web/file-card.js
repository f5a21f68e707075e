// FileCard: a file that somebody has sent, in its message: a picture, or a name to be saved, or why
// it can't be had.

import { el, icon } from './dom.js';
import { sizeText, t } from './i18n.js';

const SHOWN = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const FIRST_LOOK = 300; // ms until a file that is being checked is asked for again, doubling …
const LAST_LOOK = 30_000; // … up to this
const SPARE = 10_000; // ms before its end an address is good no more

export class FileCard {
  #client;
  #id;
  #moved; // its height is another one
  #about = null;
  #looks = 0;
  #looking = false;

  constructor(client, id, moved = () => {}) {
    this.#client = client;
    this.#id = id;
    this.#moved = moved;
    this.root = el('div', { class: 'file', 'data-testid': 'file' });
    this.#say('loading', note(t('file_loading')));
    this.#look();
  }

  async #look() {
    if (this.#looking) return;
    this.#looking = true;
    try {
      this.#about = await this.#client.file(this.#id);
      this.#show();
    } catch (error) {
      this.#lost(error);
    } finally {
      this.#looking = false;
    }
  }

  #show() {
    const { scan, type, url } = this.#about;
    if (scan === 'pending') {
      this.#say('pending', this.#title(), note(t('file_pending')));
      const wait = Math.min(LAST_LOOK, FIRST_LOOK * 2 ** this.#looks++);
      // A row that is shown no more asks no more.
      setTimeout(() => this.root.isConnected && this.#look(), wait);
    } else if (scan === 'refused') {
      this.#say('refused', this.#title(), note(t('file_refused')));
    } else {
      this.#say('ready', SHOWN.includes(type) ? this.#picture(url) : this.#link(url));
    }
  }

  #title() {
    return el('span', { class: 'file-name' }, `${this.#name} `, this.#size());
  }
  #size() {
    return el('span', { class: 'file-size' }, sizeText(this.#about.size));
  }
  get #name() {
    return this.#about.name || t('file_nameless');
  }

  #link(url) {
    const attributes = {
      class: 'file-link',
      href: url,
      download: this.#about.name,
      'data-testid': 'file-link',
      onclick: (event) => this.#open(event),
    };
    return el(
      'a',
      attributes,
      icon('save'),
      el('span', { class: 'visually-hidden' }, `${t('file_save')} `),
      this.#title(),
    );
  }

  #picture(url) {
    const image = el('img', {
      src: url,
      alt: t('picture', { name: this.#name }),
      'data-testid': 'picture',
      onload: () => this.#moved(),
      onerror: () => this.root.replaceChildren(this.#link(url)), // it calls itself a picture only
    });
    const attributes = {
      class: 'picture',
      href: url,
      target: '_blank',
      rel: 'noopener',
      title: `${this.#name} · ${sizeText(this.#about.size)}`,
      onclick: (event) => this.#open(event),
    };
    return el('a', attributes, image);
  }

  // An address is good for a while only: one that has ended is asked for anew.
  async #open(event) {
    if (Date.parse(this.#about.expires_at) - Date.now() > SPARE) return;
    event.preventDefault();
    const before = this.#about;
    await this.#look();
    if (this.#about !== before) this.root.querySelector('a')?.click();
  }

  #lost(error) {
    if (error.code === 'not_found') {
      this.#say('gone', note(t('file_gone')));
      return;
    }
    const again = el(
      'button',
      {
        type: 'button',
        class: 'file-again',
        onclick: () => {
          this.#say('loading', note(t('file_loading')));
          this.#look();
        },
      },
      t('try_again'),
    );
    this.#say('lost', note(`${t('file_lost')} `), again);
  }

  #say(state, ...parts) {
    this.root.dataset.state = state;
    this.root.replaceChildren(...parts);
    this.#moved();
  }
}

const note = (text) => el('span', { class: 'file-note' }, text);
