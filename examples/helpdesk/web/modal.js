// Modal: a dialog over the page, by the browser's own <dialog>: it keeps the focus inside, closes by
// Escape, and gives the focus back.

import { el, icon } from './dom.js';
import { t } from './i18n.js';

let count = 0;

/** Shows one; `closed` is called when it is gone. Returns its element; close() ends it. */
export function showModal({ title, name, content, closed = () => {} }) {
  const heading = el('h2', { id: `modal-${++count}` }, title);
  const dialog = el(
    'dialog',
    { class: 'modal', 'aria-labelledby': heading.id, 'data-testid': name },
    el(
      'header',
      { class: 'modal-head' },
      heading,
      el(
        'button',
        {
          class: 'quiet small',
          type: 'button',
          'aria-label': t('close_dialog'),
          'data-testid': 'close-dialog',
          onclick: () => dialog.close(),
        },
        icon('cancel'),
      ),
    ),
    el('div', { class: 'modal-body' }, ...content),
  );
  dialog.addEventListener('close', () => {
    dialog.remove();
    closed();
  });
  // A click beside it.
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** A label and its control, one above the other. */
export function field(name, control) {
  control.id ||= `field-${++count}`;
  return el('div', { class: 'field' }, el('label', { for: control.id }, t(name)), control);
}

/** A <select>; `options` are [value, text]. */
export function choice(options, attributes = {}) {
  return el('select', attributes, ...options.map(([value, text]) => el('option', { value }, text)));
}
