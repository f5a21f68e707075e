// Messages that were left while nobody was there: tickets of nobody, each with its conversation.

import { arrange, el } from './dom.js';
import { t, timeText } from './i18n.js';

const EVERY = 30_000; // ms between two looks: nobody tells of tickets

export class LeftMessages {
  #desk;
  #section;
  #list;
  #open;
  #timer = null;

  /** `open` shows a conversation; `attempt` tells when something could not be done. */
  constructor(desk, section, { open, attempt }) {
    this.#desk = desk;
    this.#section = section;
    this.#list = section.querySelector('ul');
    this.#open = open;
    this.attempt = attempt;
  }

  /** Looks now, and again and again. */
  async refresh() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), EVERY);
    try {
      const { tickets } = await this.#desk.client.tickets({ agent: '' });
      this.#show(tickets.filter(({ state, conversations = [] }) => state === 'new' && conversations.length > 0));
    } catch {
      // not connected: the next look shows what there is
    }
  }

  #show(tickets) {
    this.#section.hidden = tickets.length === 0;
    arrange(
      this.#list,
      tickets.map((ticket) => this.#row(ticket)),
    );
  }

  #row(ticket) {
    const name = ticket.requester ?? t('visitor');
    const button = el(
      'button',
      {
        class: 'primary',
        type: 'button',
        'aria-label': t('answer_whom', { name }),
        'data-testid': 'answer',
        onclick: () => this.attempt(this.#answer(ticket)),
      },
      t('answer'),
    );
    return el(
      'li',
      { class: 'offer', 'data-testid': 'left-message' },
      el(
        'div',
        { class: 'summary' },
        el('strong', {}, name),
        el('span', { class: 'line' }, ticket.subject || t('no_subject')),
        el('span', { class: 'line faint' }, t('since', { time: timeText(ticket.created_at) })),
      ),
      button,
    );
  }

  async #answer({ id, version, conversations: [conversation] }) {
    const { client, me } = this.#desk;
    try {
      await client.accept(conversation);
      await client.updateTicket(id, version, { agent: me, state: 'open' });
      this.#open(conversation);
    } finally {
      await this.refresh();
    }
  }
}
