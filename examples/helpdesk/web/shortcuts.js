// Keys of the agent's page, and the overlay that tells them. By event.code, so that they are where
// they are on every keyboard.

import { el } from './dom.js';
import { t } from './i18n.js';
import { showModal } from './modal.js';

const SHOWN = { Slash: '?', Digits: '1 … 9' };

/**
 * @param {object} actions  name → {code, run}; the texts are `key_<name>`. Each is called with Alt and
 *   that key; `digit` with the number
 */
export function listenForKeys(actions) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.isComposing) return;
    if (document.querySelector('dialog[open]')) return;
    const writing = event.target.matches?.('input, textarea, select');
    if (event.key === '?' && !writing && !event.altKey) {
      event.preventDefault();
      return showKeys(actions);
    }
    if (!event.altKey || event.shiftKey) return;
    const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
    const action = digit
      ? actions.digit
      : Object.values(actions).find(({ code }) => code === event.code);
    if (!action) return;
    event.preventDefault();
    action.run(Number(digit));
  });
}

export function showKeys(actions) {
  const key = (code) => SHOWN[code] ?? code.replace(/^Key/, '');
  showModal({
    title: t('shortcuts'),
    name: 'keys-dialog',
    content: [
      el(
        'dl',
        { class: 'keys' },
        ...Object.entries(actions).flatMap(([name, { code }]) => [
          el('dt', {}, el('kbd', {}, 'Alt'), ' + ', el('kbd', {}, key(code))),
          el('dd', {}, t(`key_${name}`)),
        ]),
        el('dt', {}, el('kbd', {}, '/')),
        el('dd', {}, t('key_reply')),
        el('dt', {}, el('kbd', {}, '?')),
        el('dd', {}, t('key_help')),
      ),
    ],
  });
}
