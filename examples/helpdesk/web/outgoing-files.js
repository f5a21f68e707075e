// OutgoingFiles: the files that this page sends. Each becomes a message once it is on the server
// whole, exactly one, also when the page is loaded anew meanwhile.

import { Upload } from './upload.js';
import { UploadStore } from './upload-store.js';

export class OutgoingFiles extends EventTarget {
  #client;
  #store;
  #sent; // whether the file of this id is in a message already
  #uploads = new Map(); // id → Upload, in order

  /**
   * @param {KefuClient} client
   * @param {string} owner
   * @param {(conversation: string, id: string) => boolean} sent
   */
  constructor(client, owner, sent, store = new UploadStore(owner)) {
    super();
    this.#client = client;
    this.#store = store;
    this.#sent = sent;
  }

  /** Goes on with what a reload has interrupted, and with what other tabs leave behind. */
  async restore() {
    for (const { id } of await this.#store.all()) if (!this.#uploads.has(id)) this.#adopt(id);
  }

  async #adopt(id) {
    await this.#store.claim(id);
    const record = await this.#store.get(id); // none, if another tab has sent it
    if (record) this.#follow(this.#client.upload(record)).start();
  }

  /** Those of a conversation that are not on the server yet. */
  of(conversation) {
    return [...this.#uploads.values()].filter((one) => one.conversation === conversation);
  }

  /** Sends a file as soon as it can. */
  async add(conversation, file) {
    const upload = this.#follow(this.#client.upload({ conversation, file }));
    await this.#store.claim(upload.id);
    await this.#store.put(upload);
    upload.start();
  }

  /** Gives one up. */
  cancel(upload) {
    upload.cancel();
    this.#forget(upload);
  }

  #follow(upload) {
    this.#uploads.set(upload.id, upload);
    upload.addEventListener('change', () => {
      if (upload.state === 'done') this.#send(upload);
      this.#changed(upload);
    });
    this.#changed(upload);
    return upload;
  }

  // The client keeps the message before this forgets the file; what was kept twice is seen here.
  #send({ id, conversation }) {
    if (!this.#sent(conversation, id)) this.#client.send(conversation, id, { kind: 'file' });
    this.#forget(this.#uploads.get(id));
  }

  #forget(upload) {
    this.#uploads.delete(upload.id);
    this.#store.remove(upload.id);
    this.#changed(upload);
  }

  #changed({ conversation }) {
    this.dispatchEvent(Object.assign(new Event('change'), { conversation }));
  }
}
