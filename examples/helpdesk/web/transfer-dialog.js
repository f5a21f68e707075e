// Gives a conversation to somebody else: a colleague who is there, or another department, with a note.

import { el } from './dom.js';
import { t } from './i18n.js';
import { choice, field, showModal } from './modal.js';
import { DEPARTMENTS, attempt, departmentName } from './staff.js';

export function showTransfer(desk, id) {
  const { view } = desk.get(id);
  const to = choice([], { required: true, 'data-testid': 'transfer-to' });
  const update = () => {
    const targets = targetsOf(desk, view);
    const look = JSON.stringify(targets);
    if (to.look === look) return;
    to.look = look;
    const { value } = to;
    to.replaceChildren(...targets.map(([target, text]) => el('option', { value: target }, text)));
    if (targets.some(([target]) => target === value)) to.value = value;
  };
  update();
  desk.client.addEventListener('agents', update);
  const note = el('textarea', { class: 'area', rows: '3', 'data-testid': 'transfer-note' });
  const problem = el('p', { class: 'problem', role: 'alert' });
  const submit = async (event) => {
    event.preventDefault();
    const [, kind, name] = /^(\w+):(.*)$/s.exec(to.value);
    const what = { [kind]: name, note: note.value.trim() || undefined };
    if (await attempt(problem, desk.client.transfer(id, what))) dialog.close();
  };
  const dialog = showModal({
    title: t('transfer_title', { name: view.visitor }),
    name: 'transfer-dialog',
    closed: () => desk.client.removeEventListener('agents', update),
    content: [
      el(
        'form',
        { class: 'stack', onsubmit: submit },
        field('transfer_label', to),
        field('transfer_note', note),
        problem,
        el(
          'div',
          { class: 'choices' },
          el(
            'button',
            { class: 'primary', type: 'submit', 'data-testid': 'transfer-go' },
            t('transfer_go'),
          ),
        ),
      ),
    ],
  });
}

// [value, text]: colleagues who can take it now, and the other departments.
function targetsOf(desk, view) {
  const colleagues = desk.client.agents.filter(
    ({ id, present, intent, load, capacity }) =>
      id !== desk.me && id !== view.agent && present && intent === 'available' && load < capacity,
  );
  return [
    ...colleagues.map((one) => [`agent:${one.id}`, t('colleague', { name: one.id, ...one })]),
    ...DEPARTMENTS.filter((name) => name !== view.department).map((name) => [
      `department:${name}`,
      t('department_named', { name: departmentName(name) }),
    ]),
  ];
}
