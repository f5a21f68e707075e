// Keeps somebody out, and lets them in again. The protocol has no list of bans: those that were made
// from here, in this tab, are shown.

import { arrange, el } from './dom.js';
import { t, timeText } from './i18n.js';
import { choice, field, showModal } from './modal.js';
import { attempt } from './staff.js';

const HOURS = ['1', '24', '168', ''];
const made = []; // {whom, until}

/** @param {string} [participant]  whom to begin with */
export function showBans(desk, participant = '') {
  const whom = el('input', {
    class: 'line-input',
    required: true,
    maxlength: '128',
    'data-testid': 'ban-whom',
  });
  whom.value = participant;
  const kind = choice(
    [
      ['participant', t('ban_participant')],
      ['address', t('ban_address')],
    ],
    { 'data-testid': 'ban-kind' },
  );
  const hours = choice(
    HOURS.map((one) => [one, one ? t('ban_hours', { hours: one }) : t('ban_for_good')]),
    { 'data-testid': 'ban-hours' },
  );
  const reason = el('input', { class: 'line-input', maxlength: '80', 'data-testid': 'ban-reason' });
  const problem = el('p', { class: 'problem', role: 'alert' });
  const news = el('p', { role: 'status', 'data-testid': 'ban-news' });
  const list = el('ul', { class: 'stack' });
  const named = () => ({ [kind.value]: whom.value.trim() });
  const told = (text) => {
    news.textContent = text;
    arrange(list, made.map(row));
  };
  const ban = async (event) => {
    event.preventDefault();
    const until = hours.value
      ? new Date(Date.now() + hours.value * 3_600_000).toISOString().replace('Z', '000000Z')
      : undefined;
    const name = whom.value.trim();
    const what = { ...named(), until, reason: reason.value.trim() || undefined };
    if (!(await attempt(problem, desk.client.ban(what)))) return;
    made.push({ whom: named(), name, until });
    told(t('banned', { name }));
  };
  const lift = async (what, name) => {
    if (!(await attempt(problem, desk.client.lift(what)))) return;
    for (let i = made.length - 1; i >= 0; --i) if (made[i].name === name) made.splice(i, 1);
    told(t('lifted', { name }));
  };
  const row = ({ whom: what, name, until }) =>
    el(
      'li',
      { class: 'entry-row' },
      el(
        'div',
        { class: 'summary' },
        el('strong', {}, name),
        el(
          'span',
          { class: 'faint' },
          until ? t('until', { time: timeText(until) }) : t('ban_for_good'),
        ),
      ),
      el('button', { class: 'quiet', type: 'button', onclick: () => lift(what, name) }, t('lift')),
    );
  showModal({
    title: t('bans'),
    name: 'bans-dialog',
    content: [
      el(
        'form',
        { class: 'stack', onsubmit: ban },
        el('div', { class: 'pair' }, field('ban_kind', kind), field('ban_whom', whom)),
        el('div', { class: 'pair' }, field('ban_until', hours), field('ban_reason', reason)),
        problem,
        news,
        el(
          'div',
          { class: 'choices' },
          el(
            'button',
            {
              class: 'quiet',
              type: 'button',
              'data-testid': 'lift',
              onclick: () => whom.reportValidity() && lift(named(), whom.value.trim()),
            },
            t('lift'),
          ),
          el('button', { class: 'primary', type: 'submit', 'data-testid': 'ban' }, t('ban')),
        ),
      ),
      list,
    ],
  });
  arrange(list, made.map(row));
}
