// The agent's page: who waits, my conversations, and as many of them open side by side as one
// likes.

import { showStatus } from './banner.js';
import { ChatView, lineOf } from './chat-view.js';
import { Desk, participantId } from './desk.js';
import { arrange, el } from './dom.js';
import { t, tOr, timeText, translatePage } from './i18n.js';

const byId = (id) => document.getElementById(id);
const desk = new Desk('agent', participantId('agent'));
const panes = new Map(); // conversation → {root, chat, state, end}
const rows = new Map(); // conversation → its element in the list
const offers = new Map(); // conversation → its element in the queue
let current = null; // the pane that a small screen shows

function update(id = null) {
  updateIntent();
  updateOffers();
  updateList();
  for (const [conversation, pane] of panes)
    if (id === null || id === conversation) updatePane(conversation, pane);
  byId('placeholder').hidden = panes.size > 0;
  byId('desk').dataset.view = current ? 'pane' : 'list';
  const unread = desk.conversations.reduce((sum, one) => sum + unreadOf(one), 0);
  document.title = `${unread > 0 ? `(${unread}) ` : ''}${t('agent_title')} · kefu`;
}

const unreadOf = ({ view, transcript }) => transcript.unreadAfter(view.read);

// ---- whether I take more

function updateIntent() {
  const me = desk.client.agents.find((agent) => agent.id === desk.me);
  if (me && document.activeElement !== byId('intent')) byId('intent').value = me.intent;
}

// ---- who waits

function updateOffers() {
  const all = desk.client.offers;
  for (const id of offers.keys())
    if (!all.some((offer) => offer.conversation === id)) offers.delete(id);
  for (const offer of all) {
    const known = offers.get(offer.conversation);
    if (known && known.assignment === offer.assignment) continue;
    const row = offerRow(offer);
    row.assignment = offer.assignment;
    offers.set(offer.conversation, row);
  }
  arrange(
    byId('offers'),
    all.map((offer) => offers.get(offer.conversation)),
  );
  byId('nobody').hidden = all.length > 0;
  byId('waiting-count').textContent = all.length > 0 ? String(all.length) : '';
}

function offerRow({ conversation, visitor, department, subject, opened_at, expires_at }) {
  const button = el(
    'button',
    {
      class: 'primary',
      type: 'button',
      'aria-label': t('accept_whom', { name: visitor }),
      'data-testid': 'accept',
      onclick: () => accept(conversation, button),
    },
    t('accept'),
  );
  return el(
    'li',
    { class: 'offer', 'data-testid': 'offer', 'data-conversation': conversation },
    el(
      'div',
      { class: 'summary' },
      el('strong', {}, visitor),
      el('span', { class: 'line' }, subject || t('no_subject')),
      el(
        'span',
        { class: 'line faint' },
        [
          department && departmentName(department),
          expires_at
            ? t('until', { time: timeText(expires_at) })
            : t('since', { time: timeText(opened_at) }),
        ]
          .filter(Boolean)
          .join(' · '),
      ),
    ),
    // Only who is asked alone can say no.
    expires_at
      ? el(
          'button',
          {
            class: 'quiet',
            type: 'button',
            'aria-label': t('decline_whom', { name: visitor }),
            'data-testid': 'decline',
            onclick: () => attempt(desk.client.decline(conversation)),
          },
          t('decline'),
        )
      : '',
    button,
  );
}

const departmentName = (name) => (name === 'support' || name === 'sales' ? t(name) : name);

async function accept(conversation, button) {
  button.disabled = true;
  byId('problem').textContent = '';
  try {
    await desk.client.accept(conversation);
    open(conversation);
  } catch (error) {
    showProblem(error);
    button.disabled = false;
  }
}

// ---- my conversations

function updateList() {
  const all = desk.conversations
    .filter(({ view }) => view.open || panes.has(view.id))
    .reverse();
  arrange(
    byId('conversations'),
    all.map((one) => listRow(one)),
  );
  byId('none').hidden = all.length > 0;
}

function listRow(one) {
  const { view, transcript } = one;
  let row = rows.get(view.id);
  if (!row) {
    row = el(
      'li',
      { 'data-testid': 'conversation', 'data-conversation': view.id },
      el('button', { type: 'button', onclick: () => open(view.id) }),
    );
    rows.set(view.id, row);
  }
  const unread = unreadOf(one);
  const look = JSON.stringify([
    view.visitor,
    view.subject,
    view.state,
    view.left,
    transcript.last && lineOf(transcript.last),
    unread,
    panes.has(view.id),
    current === view.id,
  ]);
  if (row.look === look) return row;
  row.look = look;
  const button = row.firstElementChild;
  button.setAttribute('aria-current', String(panes.has(view.id)));
  button.replaceChildren(
    el(
      'div',
      { class: 'summary' },
      el('strong', {}, view.visitor || '…'),
      el('span', { class: 'line' }, transcript.last ? lineOf(transcript.last) : view.subject || t('no_subject')),
      !view.open || view.state !== 'active'
        ? el('span', { class: 'line faint' }, stateText(view))
        : '',
    ),
    unread > 0
      ? el(
          'span',
          {
            class: 'unread',
            'data-testid': 'unread',
            'aria-label': t('unread', { count: unread }),
          },
          String(unread),
        )
      : '',
  );
  return row;
}

// ---- the open ones

function open(id) {
  if (!desk.get(id)) return;
  current = id;
  if (!panes.has(id)) {
    const pane = makePane(id);
    panes.set(id, pane);
    byId('panes').append(pane.root);
  }
  update();
  const { root, chat } = panes.get(id);
  for (const [other, each] of panes) each.root.classList.toggle('current', other === id);
  root.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  chat.update();
  chat.focus();
}

function hide(id) {
  panes.get(id)?.root.remove();
  panes.delete(id);
  if (current === id) current = null;
  update();
}

function makePane(id) {
  const chat = new ChatView(desk, id, { notes: true });
  const title = el('h2', { id: `title-${id}` });
  const state = el('p', { class: 'sub', role: 'status' });
  const back = el(
    'button',
    { class: 'quiet back', type: 'button', 'aria-label': t('back'), onclick: () => leave() },
    '‹',
  );
  const end = el(
    'button',
    {
      class: 'quiet',
      type: 'button',
      'aria-label': t('close_conversation'),
      title: t('close_conversation'),
      'data-testid': 'close',
      onclick: () => desk.client.closeConversation(id).catch(showProblem),
    },
    t('close_short'),
  );
  const away = el(
    'button',
    {
      class: 'quiet away',
      type: 'button',
      'aria-label': t('close_pane'),
      title: t('close_pane'),
      'data-testid': 'hide',
      onclick: () => hide(id),
    },
    '×',
  );
  const act = (name, action) =>
    el(
      'button',
      { class: 'quiet', type: 'button', 'data-testid': name, onclick: () => attempt(action()) },
      t(name),
    );
  const hold = act('hold', () => desk.client.hold(id));
  const resume = act('resume', () => desk.client.resume(id));
  const resolve = act('resolve', () => desk.client.resolve(id));
  const transfer = el('select', {
    'aria-label': t('transfer_label'),
    'data-testid': 'transfer',
    onchange: () => {
      const [kind, name] = transfer.value.split(':');
      transfer.value = '';
      attempt(desk.client.transfer(id, { [kind]: name }));
    },
  });
  const actions = el('div', { class: 'actions' }, hold, resume, resolve, transfer);
  const head = el(
    'header',
    { class: 'pane-head' },
    back,
    el('div', { class: 'titles' }, title, state),
    end,
    away,
  );
  const root = el(
    'section',
    { class: 'pane', 'aria-labelledby': title.id, 'data-testid': 'pane', 'data-conversation': id },
    head,
    actions,
    chat.root,
  );
  return { root, chat, title, state, end, actions, hold, resume, resolve, transfer };
}

function updatePane(id, pane) {
  const { view } = desk.get(id);
  pane.title.textContent = view.visitor;
  pane.state.textContent = [view.subject, stateText(view)].filter(Boolean).join(' · ');
  pane.end.hidden = !view.open;
  pane.actions.hidden = !view.open || view.agent !== desk.me || view.state === 'resolved';
  pane.hold.hidden = view.state !== 'active';
  pane.resume.hidden = view.state !== 'on_hold';
  updateTargets(pane.transfer, view);
  pane.chat.update();
}

// Whom it may be given to: colleagues who are there, and the other department.
function updateTargets(select, view) {
  const colleagues = desk.client.agents.filter(
    ({ id, present, intent, load, capacity }) =>
      id !== desk.me && present && intent === 'available' && load < capacity,
  );
  const departments = ['support', 'sales'].filter((name) => name !== view.department);
  const targets = [
    ['', t('transfer')],
    ...colleagues.map(({ id }) => [`agent:${id}`, id]),
    ...departments.map((name) => [`department:${name}`, departmentName(name)]),
  ];
  const look = JSON.stringify(targets);
  if (select.look === look) return;
  select.look = look;
  select.replaceChildren(...targets.map(([value, text]) => el('option', { value }, text)));
}

const stateText = (view) => (view.left ? t('left') : tOr('state', view.state));

// On a small screen: back to the list, the panes stay open behind it.
function leave() {
  const id = current;
  current = null;
  update();
  rows.get(id)?.firstElementChild.focus();
}

function showProblem(error) {
  byId('problem').textContent = error.rule
    ? tOr('rule', error.rule)
    : t('error', { code: error.code ?? error.message });
}

async function attempt(action) {
  byId('problem').textContent = '';
  try {
    await action;
  } catch (error) {
    showProblem(error);
  }
}

translatePage();
byId('me').textContent = desk.me;
showStatus(desk, byId('status'), byId('banner'));
desk.addEventListener('change', ({ detail }) => update(detail));
document.addEventListener('visibilitychange', () => update());
byId('intent').addEventListener('change', ({ target }) =>
  attempt(desk.client.setPresence({ intent: target.value })),
);
update();
await desk.start();
