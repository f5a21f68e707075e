// Where a client keeps what must survive a reload, and how tabs keep out of each other's way.
//
// Each tab owns a slot: one key of the storage, guarded by a lock of the same name. A reloaded tab
// finds its slot again, a new tab takes over one that a closed tab left behind (first one with
// pending sends), and a tab beside others gets a slot, and so a session, of its own.

/**
 * @typedef {object} KeyValueStorage  synchronous: what set() was given is kept when it returns
 * @property {(key: string) => string|null} get
 * @property {(key: string, text: string) => void} set
 * @property {(key: string) => void} remove
 * @property {() => string[]} keys
 */

/**
 * Keeps texts in memory: for tests, and for pages that may not store anything. @implements
 * {KeyValueStorage}
 */
export class MemoryStorage {
  #texts = new Map();

  get(key) {
    return this.#texts.get(key) ?? null;
  }
  set(key, text) {
    this.#texts.set(key, text);
  }
  remove(key) {
    this.#texts.delete(key);
  }
  keys() {
    return [...this.#texts.keys()];
  }
}

/** localStorage or sessionStorage behind the interface. @returns {KeyValueStorage} */
export function webStorage(area) {
  return {
    get: (key) => area.getItem(key),
    set: (key, text) => area.setItem(key, text),
    remove: (key) => area.removeItem(key),
    keys: () => Object.keys(area),
  };
}

/**
 * The browser's storage, or memory where there is none or it is forbidden. @returns
 * {KeyValueStorage}
 */
export function defaultStorage(kind = 'localStorage') {
  try {
    const area = globalThis[kind];
    area.getItem('kefu'); // throws where storage is forbidden
    return webStorage(area);
  } catch {
    return new MemoryStorage();
  }
}

/**
 * Web Locks; without them (a page that is not a secure context) locks over a BroadcastChannel;
 * without those, none.
 */
export function defaultLocks() {
  if (globalThis.navigator?.locks) return globalThis.navigator.locks;
  if (globalThis.BroadcastChannel && globalThis.window)
    return new ChannelLocks(new BroadcastChannel('kefu-locks'));
  return null;
}

/**
 * As much of the Web Locks interface as claimSlot() needs: who holds a lock says so when somebody
 * asks. Two tabs that ask in the same instant are told apart by their random ids. If it fails all
 * the same, the server's `superseded` decides.
 */
export class ChannelLocks {
  #channel;
  #wait;
  #id = Math.random();
  #held = new Map(); // name → whether it is granted or only asked for
  #refused = new Set();

  constructor(channel, wait = 150) {
    this.#channel = channel;
    this.#wait = wait;
    channel.addEventListener('message', ({ data }) => this.#heard(data));
  }

  async request(name, _options, callback) {
    this.#refused.delete(name);
    this.#held.set(name, false);
    this.#channel.postMessage({ ask: name, id: this.#id });
    await new Promise((resolve) => setTimeout(resolve, this.#wait));
    if (this.#refused.has(name)) {
      this.#held.delete(name);
      return callback(null);
    }
    this.#held.set(name, true);
    try {
      return await callback({ name });
    } finally {
      this.#held.delete(name);
    }
  }

  #heard({ ask, held, id }) {
    if (held !== undefined && id === this.#id) this.#refused.add(held);
    const mine = this.#held.get(ask);
    if (mine || (mine === false && this.#id < id)) this.#channel.postMessage({ held: ask, id });
  }
}

/**
 * Finds this tab's slot.
 *
 * @param {object} options
 * @param {KeyValueStorage} options.storage
 * @param {KeyValueStorage} options.tab  what a reload of this tab keeps: sessionStorage
 * @param {LockManager|null} options.locks
 * @param {string} options.name  separates participants; the same person has the same name in every tab
 * @param {number} options.patience  ms: how long a reloaded tab waits for its own lock
 * @returns {Promise<{key: string, release: () => void}>}
 */
export async function claimSlot({ storage, tab, locks, name, patience = 500 }) {
  const prefix = `kefu/${name}/`;
  const remembered = tab.get(prefix);
  const others = storage
    .keys()
    .filter((key) => key.startsWith(prefix) && key !== remembered)
    .sort((a, b) => pendingIn(storage, b) - pendingIn(storage, a));
  const known = remembered && storage.get(remembered) !== null ? [remembered, ...others] : others;
  for (const key of [...known, newSlot(name)]) {
    const release = await take(locks, key, key === remembered ? patience : 0);
    if (!release) continue;
    tab.set(prefix, key);
    return { key, release };
  }
  throw new Error('unreachable: nobody else knows the name of a new slot');
}

/** A slot that no other tab knows of, for a tab that was superseded. */
export async function freshSlot({ tab, locks, name, key = newSlot(name) }) {
  tab.set(`kefu/${name}/`, key);
  return { key, release: await take(locks, key, 0) };
}

/** The key of a new slot. */
export function newSlot(name) {
  return `kefu/${name}/${Math.random().toString(36).slice(2, 10)}`;
}

function pendingIn(storage, key) {
  try {
    return JSON.parse(storage.get(key)).pending.length;
  } catch {
    return 0;
  }
}

// Resolves to the function that releases the lock, or to null when another tab holds it.
function take(locks, name, patience) {
  if (!locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    const options =
      patience > 0 ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
    const granted = (lock) => (lock ? new Promise(resolve) : resolve(null));
    locks.request(name, options, granted).catch(() => resolve(null));
  });
}
