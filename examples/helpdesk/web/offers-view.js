// OffersView: who waits. An offer to this agent alone counts down, and can be declined.

import { arrange, el } from './dom.js';
import { t, timeText } from './i18n.js';
import { departmentName, durationText } from './staff.js';
import { tick } from './ticker.js';

export class OffersView {
  #rows = new Map(); // conversation → its element
  #accept;
  #decline;

  /** @param accept, decline  (offer) => Promise */
  constructor({ list, count, empty, accept, decline }) {
    Object.assign(this, { list, count, empty });
    this.#accept = accept;
    this.#decline = decline;
  }

  /** Brings it up to date with all offers that stand. */
  update(offers) {
    for (const id of this.#rows.keys())
      if (!offers.some((offer) => offer.conversation === id)) this.#rows.delete(id);
    arrange(
      this.list,
      offers.map((offer) => this.#row(offer)),
    );
    this.empty.hidden = offers.length > 0;
    this.count.textContent = offers.length > 0 ? String(offers.length) : '';
  }

  #row(offer) {
    const known = this.#rows.get(offer.conversation);
    if (known && known.assignment === offer.assignment) return known;
    const row = this.#make(offer);
    row.assignment = offer.assignment;
    this.#rows.set(offer.conversation, row);
    return row;
  }

  #make(offer) {
    const { conversation, visitor, department, subject, opened_at, expires_at } = offer;
    const act = (name, kind, action) => {
      const button = el(
        'button',
        {
          class: kind,
          type: 'button',
          'aria-label': t(`${name}_whom`, { name: visitor }),
          'data-testid': name,
          onclick: async () => {
            button.disabled = true;
            await action(offer);
            button.disabled = false;
          },
        },
        t(name),
      );
      return button;
    };
    const about = [
      department && departmentName(department),
      t('since', { time: timeText(opened_at) }),
    ];
    return el(
      'li',
      { class: 'offer', 'data-testid': 'offer', 'data-conversation': conversation },
      el(
        'div',
        { class: 'summary' },
        el('strong', {}, visitor),
        el('span', { class: 'line' }, subject || t('no_subject')),
        el('span', { class: 'line faint' }, about.filter(Boolean).join(' · ')),
      ),
      el(
        'div',
        { class: 'choices' },
        expires_at ? countdown(opened_at, expires_at) : null,
        expires_at ? act('decline', 'quiet', this.#decline) : null,
        act('accept', 'primary', this.#accept),
      ),
    );
  }
}

// The bar is for the eye; what is left stands beside it, and is not announced each second.
function countdown(from, until) {
  const end = Date.parse(until);
  const whole = Math.max(1, end - Math.max(Date.parse(from), Date.now() - 1000));
  const left = el('span', { 'data-testid': 'countdown' });
  const bar = el('progress', { max: String(whole), 'aria-hidden': 'true' });
  return tick(el('span', { class: 'countdown', 'aria-live': 'off' }, bar, left), () => {
    const ms = Math.max(0, end - Date.now());
    bar.value = ms;
    left.textContent = t('seconds_left', { seconds: Math.ceil(ms / 1000) });
  });
}
