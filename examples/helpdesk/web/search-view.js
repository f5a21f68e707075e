// Finds what was said, in every conversation that this participant may look into.

import { el } from './dom.js';
import { t, timeText } from './i18n.js';
import { showModal } from './modal.js';
import { attempt } from './staff.js';

const AROUND = 60; // characters of a message shown on each side of what was found

/** `choose(entry)` is called for the one that was chosen; `can(entry)` says whether it can be. */
export function showSearch(desk, { choose, can }) {
  const text = el('input', {
    type: 'search',
    class: 'line-input',
    'aria-label': t('search_label'),
    placeholder: t('search_label'),
    maxlength: '80',
    required: true,
    'data-testid': 'search-text',
  });
  const problem = el('p', { class: 'problem', role: 'alert' });
  const news = el('p', { class: 'faint', role: 'status' });
  const list = el('ul', { class: 'hits', 'data-testid': 'hits' });
  const more = el(
    'button',
    { class: 'quiet', type: 'button', hidden: true, onclick: () => ask(more.next) },
    t('search_more'),
  );
  let asked = '';
  const ask = async (after) => {
    const page = desk.client.search({ text: asked, after, limit: 20 });
    news.textContent = t('searching');
    if (!(await attempt(problem, page))) return (news.textContent = '');
    const { entries, next } = await page;
    list.append(...entries.map(row));
    more.next = next;
    more.hidden = next === '';
    news.textContent = t('search_found', { count: list.childElementCount });
  };
  const row = (entry) => {
    const content = [
      el('span', { class: 'line faint' }, `${entry.from} · ${timeText(entry.at)}`),
      el('span', { class: 'excerpt', dir: 'auto' }, ...excerpt(entry.body, asked)),
    ];
    const pick = () => {
      dialog.close();
      choose(entry);
    };
    return el(
      'li',
      { 'data-testid': 'hit' },
      can(entry)
        ? el('button', { type: 'button', onclick: pick }, ...content)
        : el('div', {}, ...content),
    );
  };
  const dialog = showModal({
    title: t('search'),
    name: 'search-dialog',
    content: [
      el(
        'form',
        {
          class: 'inline',
          role: 'search',
          onsubmit: (event) => {
            event.preventDefault();
            asked = text.value.trim();
            list.replaceChildren();
            if (asked) ask('');
          },
        },
        text,
        el('button', { class: 'primary', type: 'submit', 'data-testid': 'search-go' }, t('search')),
      ),
      problem,
      news,
      list,
      more,
    ],
  });
  text.focus();
}

function excerpt(body, text) {
  const at = body.toLowerCase().indexOf(text.toLowerCase());
  if (at < 0) return [body.slice(0, 2 * AROUND)];
  const end = at + text.length;
  return [
    `${at > AROUND ? '…' : ''}${body.slice(Math.max(0, at - AROUND), at)}`,
    el('mark', {}, body.slice(at, end)),
    `${body.slice(end, end + AROUND)}${body.length > end + AROUND ? '…' : ''}`,
  ];
}
