// Upload: one file on its way to the server, by tus 1.0 (https://tus.io), in as many attempts as it
// takes. It goes on where the server has got to, also after a reload: whoever makes an Upload with
// the same id and the same file continues it. No dependencies; in a browser it tells how far it is.
//
//   const upload = new Upload({ endpoint: '/files', token, conversation, file });
//   upload.addEventListener('change', () => show(upload.state, upload.sent, upload.size));
//   upload.start();
//
// state  paused     by pause(), or not begun
//        sending
//        waiting    for the next attempt; `code` says why
//        done       it is on the server, whole: it can be sent as a message
//        failed     `code` says why; start() tries again
//        cancelled
// code   network, busy, unauthenticated · denied, not_found, too_large, no_room, bad_file
//
// Event `change`: one of these, or `sent`, is another.

import { Backoff } from './backoff.js';

const TUS = { 'Tus-Resumable': '1.0.0' };
// What another attempt doesn't mend. 403 and 404: the conversation isn't ours.
const FINAL = {
  400: 'bad_file',
  403: 'denied',
  404: 'not_found',
  412: 'bad_file',
  413: 'too_large',
  415: 'bad_file',
  507: 'no_room',
};

export class Upload extends EventTarget {
  state = 'paused';
  code = null;
  sent = 0;
  #options;
  #attempt = 0; // counts; what belongs to an older one is not heard
  #abort = null; // ends the request under way
  #timer = null;
  #token = null;
  #refused = false; // the last token was
  #created = false; // the server knows of it
  #backoff;

  /**
   * @param {object} options
   * @param {string} options.endpoint      where files are created
   * @param {(renew: boolean) => Promise<string>} options.token  `renew`: the last one was refused
   * @param {string} options.id            a UUID: that of the file
   * @param {string} options.conversation
   * @param {Blob} options.file
   * @param {string} [options.name]        by default the file's
   * @param {string} [options.type]        likewise
   */
  constructor(options) {
    super();
    const { id, conversation, file } = options;
    this.#options = options;
    this.#backoff = options.backoff ?? new Backoff({ base: 400, ceiling: 10_000, floor: 100 });
    Object.assign(this, { id, conversation, file, size: file.size });
    this.name = options.name ?? file.name ?? '';
    this.type = options.type ?? file.type ?? '';
  }

  /** Begins, or goes on. */
  start() {
    if (this.state === 'done' || this.state === 'cancelled' || this.state === 'sending') return;
    clearTimeout(this.#timer);
    this.#run(++this.#attempt);
  }

  /** Keeps what has come; start() goes on. */
  pause() {
    if (this.state === 'sending' || this.state === 'waiting') this.#stop('paused');
  }

  /** Gives it up, also on the server as far as that can be reached. */
  async cancel() {
    if (this.state === 'done' || this.state === 'cancelled') return;
    this.#stop('cancelled');
    if (!this.#created) return;
    try {
      await this.#fetchToken();
      await this.#fetch('DELETE', `/${this.id}`);
    } catch {
      // it expires there
    }
  }

  #stop(state) {
    ++this.#attempt;
    clearTimeout(this.#timer);
    this.#abort?.();
    this.#to(state);
  }

  #to(state, code = null) {
    this.state = state;
    this.code = code;
    this.dispatchEvent(new Event('change'));
  }

  // Creating it again answers how far it has got: so every attempt begins alike.
  async #run(attempt) {
    const current = () => attempt === this.#attempt;
    this.#to('sending');
    try {
      await this.#fetchToken();
      const created = await this.#fetch('POST', '', {
        'Upload-Length': String(this.size),
        'Upload-Metadata': this.#metadata(),
      });
      let { status, offset } = created;
      this.#created ||= status === 201;
      if (!current()) return;
      if (status === 201 && offset < this.size) {
        this.#progress(offset);
        ({ status, offset } = await this.#patch(offset, current));
      }
      if (!current()) return;
      if (status < 300 && offset === this.size) {
        this.#progress(this.size);
        return this.#to('done');
      }
      this.#failed(attempt, status);
    } catch {
      if (current()) this.#failed(attempt, 0);
    }
  }

  #failed(attempt, status) {
    if (FINAL[status]) return this.#to('failed', FINAL[status]);
    this.#refused = status === 401;
    const code = status === 401 ? 'unauthenticated' : status === 0 ? 'network' : 'busy';
    this.#to('waiting', code);
    this.#timer = setTimeout(
      () => attempt === this.#attempt && this.start(),
      // Somebody else got on with it, or with us: that is over soon.
      status === 409 || status === 423 ? 200 : this.#backoff.next(),
    );
  }

  #progress(sent) {
    if (sent > this.sent) this.#backoff.reset();
    this.sent = sent;
    this.dispatchEvent(new Event('change'));
  }

  #metadata() {
    const { id, conversation, name, type } = this;
    return Object.entries({ id, conversation, filename: shortened(name), filetype: type })
      .filter(([, value]) => value !== '')
      .map(([key, value]) => `${key} ${base64(value)}`)
      .join(',');
  }

  async #fetchToken() {
    this.#token = await this.#options.token(this.#refused);
    this.#refused = false;
  }

  #headers(more) {
    return { ...TUS, Authorization: `Bearer ${this.#token}`, ...more };
  }

  async #fetch(method, path, headers = {}, body = undefined) {
    const abort = new AbortController();
    this.#abort = () => abort.abort();
    const response = await fetch(this.#options.endpoint + path, {
      method,
      headers: this.#headers(headers),
      body,
      signal: method === 'DELETE' ? undefined : abort.signal,
      cache: 'no-store',
    });
    return { status: response.status, offset: offsetIn(response.headers.get('Upload-Offset')) };
  }

  #patch(offset, current) {
    const headers = {
      'Content-Type': 'application/offset+octet-stream',
      'Upload-Offset': String(offset),
    };
    const body = this.file.slice(offset);
    if (!globalThis.XMLHttpRequest) return this.#fetch('PATCH', `/${this.id}`, headers, body);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.#abort = () => request.abort();
      request.open('PATCH', `${this.#options.endpoint}/${this.id}`);
      for (const [name, value] of Object.entries(this.#headers(headers)))
        request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded }) => current() && this.#progress(offset + loaded);
      request.onload = () =>
        resolve({
          status: request.status,
          offset: offsetIn(request.getResponseHeader('Upload-Offset')),
        });
      request.onerror = request.onabort = request.ontimeout = () => reject(new Error('network'));
      request.send(body);
    });
  }
}

const offsetIn = (field) => (field === null ? -1 : Number(field));

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** At most 255 bytes of UTF-8, with the ending kept. */
export function shortened(name, most = 255) {
  const clean = name.replace(/[\u0000-\u001f\u007f]/g, '_');
  const bytes = (text) => new TextEncoder().encode(text).length;
  if (bytes(clean) <= most) return clean;
  const ending = /\.[^.]{1,16}$/.exec(clean)?.[0] ?? '';
  let stem = [...clean.slice(0, clean.length - ending.length)];
  while (bytes(stem.join('')) + bytes(ending) > most) stem = stem.slice(0, -1);
  return stem.join('') + ending;
}
