// OutgoingView: the files on their way in a conversation, above the composer: how far each is, and
// what can be done about it.

import { arrange, el, icon } from './dom.js';
import { sizeText, t, tOr } from './i18n.js';

export class OutgoingView {
  #files;
  #leave;
  #rows = new Map(); // id → {root, …}

  /**
   * @param {OutgoingFiles} files
   * @param {() => void} leave  puts the cursor elsewhere, when what had it goes
   */
  constructor(files, leave) {
    this.#files = files;
    this.#leave = leave;
    this.list = el('ul', {
      class: 'outgoing',
      'aria-label': t('outgoing'),
      'data-testid': 'outgoing',
    });
    // What screen readers say of it: what changes, but not each percent.
    this.news = el('p', { class: 'visually-hidden', role: 'status' });
    this.root = el('div', {}, this.list, this.news);
  }

  update(conversation) {
    const uploads = this.#files.of(conversation);
    for (const id of this.#rows.keys())
      if (!uploads.some((upload) => upload.id === id)) this.#gone(id);
    arrange(
      this.list,
      uploads.map((upload) => this.#row(upload)),
    );
    this.list.hidden = uploads.length === 0;
  }

  #gone(id) {
    const { upload, root } = this.#rows.get(id);
    this.#rows.delete(id);
    if (root.contains(root.getRootNode().activeElement)) this.#leave();
    if (upload.state === 'done') this.news.textContent = t('upload_said_done', upload);
  }

  #row(upload) {
    let row = this.#rows.get(upload.id);
    if (!row) {
      row = this.#make(upload);
      this.#rows.set(upload.id, row);
    }
    const percent = upload.size === 0 ? 100 : Math.floor((100 * upload.sent) / upload.size);
    row.progress.value = percent;
    row.root.dataset.state = upload.state;
    row.status.textContent = statusOf(upload, percent);
    const going = upload.state === 'sending' || upload.state === 'waiting';
    const label = t(going ? 'pause' : upload.state === 'failed' ? 'try_again' : 'go_on');
    if (row.toggle.title !== label) {
      row.toggle.replaceChildren(icon(going ? 'pause' : 'go_on'));
      row.toggle.setAttribute('aria-label', `${label}: ${upload.name}`);
      row.toggle.title = label;
    }
    if (row.said !== upload.state && upload.state !== 'sending') {
      this.news.textContent = `${upload.name}: ${row.status.textContent}`;
    }
    row.said = upload.state;
    return row.root;
  }

  #make(upload) {
    const name = el('span', { class: 'file-name', id: `upload-${upload.id}` }, upload.name);
    const progress = el('progress', { max: '100', 'aria-labelledby': name.id });
    const status = el('span', { class: 'upload-status', 'data-testid': 'upload-status' });
    const toggle = el('button', {
      type: 'button',
      class: 'quiet small',
      'data-testid': 'upload-toggle',
      onclick: () =>
        ['sending', 'waiting'].includes(upload.state) ? upload.pause() : upload.start(),
    });
    const cancel = el(
      'button',
      {
        type: 'button',
        class: 'quiet small',
        title: t('cancel'),
        'aria-label': `${t('cancel')}: ${upload.name}`,
        'data-testid': 'upload-cancel',
        onclick: () => this.#files.cancel(upload),
      },
      icon('cancel'),
    );
    const root = el(
      'li',
      { class: 'upload', 'data-testid': 'upload' },
      el('div', { class: 'upload-text' }, name, status, progress),
      toggle,
      cancel,
    );
    return { upload, root, progress, status, toggle };
  }
}

function statusOf({ state, code, sent, size }, percent) {
  const far = t('upload_far', { sent: sizeText(sent), size: sizeText(size), percent });
  if (state === 'failed') return tOr('upload', code);
  if (state === 'waiting') return `${tOr('upload', code)} · ${far}`;
  return state === 'paused' ? `${t('upload_paused')} · ${far}` : far;
}
