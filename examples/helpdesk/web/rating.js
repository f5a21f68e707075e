// What a visitor thinks of how they were served: a message of the kind `csat`, whose body is JSON,
// {"score": 1 … 5, "comment"?: text}. The kind is this example's own: the protocol leaves hosts
// theirs.

import { el } from './dom.js';
import { t } from './i18n.js';

export const RATING = 'csat';
const BEST = 5;
const LONGEST_COMMENT = 500;

/** The body of such a message. */
export function ratingBody(score, comment) {
  return JSON.stringify(comment ? { score, comment } : { score });
}

/** {score, comment} of a message; null if it is something else, or not from a visitor. */
export function ratingOf({ kind, role, own, body }) {
  if (kind !== RATING || (role !== undefined && role !== 'visitor' && !own)) return null;
  try {
    const { score, comment = '' } = JSON.parse(body);
    if (!Number.isInteger(score) || score < 1 || score > BEST) return null;
    return { score, comment: String(comment).slice(0, LONGEST_COMMENT) };
  } catch {
    return null;
  }
}

/** For the eye and the ear: ★★★★☆ (4 of 5) */
export function starsText(score) {
  return `${'★'.repeat(score)}${'☆'.repeat(BEST - score)} (${t('rating_of', { score, best: BEST })})`;
}

/**
 * The question. `answered` gets {score, comment}, both empty where nothing was chosen; `dismissed`
 * is called in place of it. Without `rates` it asks only whether the chat shall end.
 */
export class RatingForm {
  constructor({ rates, submit, dismiss, answered, dismissed }) {
    this.comment = el('textarea', {
      class: 'text',
      rows: '2',
      maxlength: String(LONGEST_COMMENT),
      'aria-label': t('rating_comment'),
      placeholder: t('rating_comment'),
      'data-testid': 'rating-comment',
    });
    this.root = el(
      'form',
      {
        class: 'rating',
        'data-testid': 'rating',
        onsubmit: (event) => {
          event.preventDefault();
          answered({ score: this.score, comment: this.comment.value.trim() });
        },
      },
      ...(rates ? [this.#stars(), this.comment] : [el('p', {}, t('end_question'))]),
      el(
        'div',
        { class: 'choices' },
        el(
          'button',
          { class: 'quiet', type: 'button', 'data-testid': 'rating-skip', onclick: dismissed },
          dismiss,
        ),
        el('button', { class: 'primary', type: 'submit', 'data-testid': 'rating-send' }, submit),
      ),
    );
  }

  /** 1 to 5, or 0. */
  get score() {
    return Number(this.root.querySelector(':checked')?.value ?? 0);
  }

  focus() {
    this.root.querySelector('input, [type=submit]').focus();
  }

  #stars() {
    return el(
      'fieldset',
      { class: 'stars' },
      el('legend', {}, t('rating_question')),
      ...Array.from({ length: BEST }, (_, i) => this.#star(i + 1)),
    );
  }

  #star(value) {
    const input = el('input', {
      class: 'visually-hidden',
      type: 'radio',
      name: 'score',
      value,
      'data-testid': `star-${value}`,
      'aria-label': t('rating_of', { score: value, best: BEST }),
      onchange: () => this.#light(),
    });
    return el('label', { class: 'star' }, input, el('span', { 'aria-hidden': 'true' }, '☆'));
  }

  #light() {
    for (const star of this.root.querySelectorAll('.star')) {
      const lit = Number(star.firstChild.value) <= this.score;
      star.classList.toggle('lit', lit);
      star.lastChild.textContent = lit ? '★' : '☆';
    }
  }
}
