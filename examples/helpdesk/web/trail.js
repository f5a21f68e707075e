// Trail: which pages of the site a visitor has come through, in this tab. It goes to the staff with
// the chat that the visitor opens, and nowhere before.

const KEY = 'kefu-widget/trail';
const LONGEST = 5;

export class Trail {
  #pages = [];

  constructor() {
    try {
      this.#pages = JSON.parse(sessionStorage.getItem(KEY)) ?? [];
    } catch {
      // none, or storage is forbidden
    }
  }

  /** The visitor is on this page. */
  note(page = location.pathname) {
    if (this.#pages.at(-1) !== page) this.#pages.push(page);
    this.#pages = this.#pages.slice(-LONGEST);
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this.#pages));
    } catch {
      // then the next page knows of none
    }
  }

  /** Oldest first. */
  get text() {
    return this.#pages.join(' → ');
  }
}
