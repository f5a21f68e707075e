// RatingQuestion: asks the visitor how it was, once: when the matter was resolved, or before they end
// the chat. What is closed takes no messages, so it can't be asked afterwards.

import { t } from './i18n.js';
import { RATING, RatingForm, ratingBody, ratingOf } from './rating.js';

export class RatingQuestion {
  #desk;
  #place;
  #leave;
  #asked = null; // {id, form}
  #done = new Set(); // conversations that were rated, or whose visitor did not want to

  /**
   * @param {Desk} desk
   * @param {Element} place  where it stands, below the chat
   * @param {() => void} leave  puts the cursor elsewhere
   */
  constructor(desk, place, leave) {
    this.#desk = desk;
    this.#place = place;
    this.#leave = leave;
  }

  /** Brings it up to date with the conversation on the screen, if there is one. */
  update(current) {
    const { id, open, state } = current?.view ?? {};
    if (this.#asked && (this.#asked.id !== id || !open)) this.#close();
    if (this.#asked || state !== 'resolved') return;
    if (!this.#done.has(id) && this.#canRate(id)) this.#ask(id, false);
  }

  /** The visitor wants to end it: ends it, after the question. */
  end(id) {
    this.#ask(id, true);
  }

  #ask(id, ends) {
    this.#close();
    const form = new RatingForm({
      rates: this.#canRate(id),
      submit: t(ends ? 'end_chat' : 'send'),
      dismiss: t(ends ? 'go_back' : 'not_now'),
      answered: (answer) => this.#answer(id, answer, ends),
      dismissed: () => this.#settle(id),
    });
    this.#asked = { id, form };
    this.#place.append(form.root);
    if (ends) form.focus();
  }

  #close() {
    this.#asked?.form.root.remove();
    this.#asked = null;
  }

  #settle(id) {
    this.#done.add(id);
    this.#close();
    this.#leave();
  }

  async #answer(id, { score, comment }, ends) {
    if (score === 0 && !ends) return this.#asked.form.focus();
    this.#settle(id);
    const { client } = this.#desk;
    if (score > 0) {
      const send = client.send(id, ratingBody(score, comment), { kind: RATING });
      if (ends) await outcome(client, send);
    }
    if (ends) client.closeConversation(id).catch(() => {});
    return undefined;
  }

  // Somebody has served them, and they have not said yet how that was.
  #canRate(id) {
    const messages = this.#desk.get(id).transcript.items.map(({ message }) => message);
    return messages.some(({ kind }) => kind === 'assigned') && !messages.some(ratingOf);
  }
}

/** When a send has its outcome. */
function outcome(client, id) {
  return new Promise((resolve) => {
    const listen = ({ detail }) => {
      if (detail.id !== id || !['sent', 'failed'].includes(detail.state)) return;
      client.removeEventListener('send', listen);
      resolve();
    };
    client.addEventListener('send', listen);
  });
}
