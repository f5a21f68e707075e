// Where uploads wait out a reload: the browser's database holds the files themselves, so that the
// page can go on without asking for them again. Where there is none, or no room, a reload ends them.

const NAME = 'kefu-uploads';
const STORE = 'uploads';

/** As a Promise. */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export class UploadStore {
  #opened = null;
  #locks;

  /** @param {string} owner  whose uploads: the participant */
  constructor(owner, locks = globalThis.navigator?.locks ?? null) {
    this.owner = owner;
    this.#locks = locks;
  }

  /** Keeps {id, conversation, file, name, type}. Resolves to whether it could. */
  async put(upload) {
    const { id, conversation, file, name, type } = upload;
    const record = { id, owner: this.owner, conversation, file, name, type, at: Date.now() };
    try {
      await settled((await this.#store('readwrite')).put(record));
      return true;
    } catch {
      return false;
    }
  }

  async remove(id) {
    try {
      await settled((await this.#store('readwrite')).delete(id));
    } catch {
      // then it isn't there
    }
  }

  /** All of this owner, the oldest first. */
  async all() {
    try {
      const all = await settled((await this.#store('readonly')).getAll());
      return all.filter(({ owner }) => owner === this.owner).sort((a, b) => a.at - b.at);
    } catch {
      return [];
    }
  }

  /** The record of that id, or null. */
  async get(id) {
    return (await this.all()).find((record) => record.id === id) ?? null;
  }

  /**
   * Resolves when this tab may go on with it: no other tab does, or that one is closed. It is this
   * tab's until it is closed itself, or loaded anew.
   */
  claim(id) {
    if (!this.#locks) return Promise.resolve();
    return new Promise((resolve) => {
      const held = () => {
        resolve();
        return new Promise(() => {});
      };
      this.#locks.request(`kefu-upload/${id}`, held).catch(resolve);
    });
  }

  async #store(mode) {
    this.#opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    return (await this.#opened).transaction(STORE, mode).objectStore(STORE);
  }
}
