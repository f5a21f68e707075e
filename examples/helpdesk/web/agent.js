// The agent's page: who waits, my conversations, and as many of them open side by side as one
// likes.

import { showStatus } from './banner.js';
import { ChatView } from './chat-view.js';
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

// ---- who waits

function updateOffers() {
  const all = desk.client.offers;
  for (const id of offers.keys())
    if (!all.some((offer) => offer.conversation === id)) offers.delete(id);
  for (const offer of all)
    if (!offers.has(offer.conversation)) offers.set(offer.conversation, offerRow(offer));
  arrange(
    byId('offers'),
    all.map((offer) => offers.get(offer.conversation)),
  );
  byId('nobody').hidden = all.length > 0;
  byId('waiting-count').textContent = all.length > 0 ? String(all.length) : '';
}

function offerRow({ conversation, visitor, department, subject, opened_at }) {
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
        [department && departmentName(department), t('since', { time: timeText(opened_at) })]
          .filter(Boolean)
          .join(' · '),
      ),
    ),
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
    byId('problem').textContent =
      error.code === 'conflict' ? t('taken') : t('error', { code: error.code ?? error.message });
    button.disabled = false;
  }
}

// ---- my conversations

function updateList() {
  const all = desk.conversations.filter(({ view }) => view.open || panes.has(view.id)).reverse();
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
    transcript.last?.body,
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
      el('span', { class: 'line' }, transcript.last?.body ?? (view.subject || t('no_subject'))),
      !view.open ? el('span', { class: 'line faint' }, tOr('state', view.state)) : '',
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
    chat.root,
  );
  return { root, chat, title, state, end };
}

function updatePane(id, { chat, title, state, end }) {
  const { view } = desk.get(id);
  title.textContent = view.visitor;
  state.textContent = [view.subject, tOr('state', view.state)].filter(Boolean).join(' · ');
  end.hidden = !view.open;
  chat.update();
}

// On a small screen: back to the list, the panes stay open behind it.
function leave() {
  const id = current;
  current = null;
  update();
  rows.get(id)?.firstElementChild.focus();
}

function showProblem(error) {
  byId('problem').textContent = t('error', { code: error.code ?? error.message });
}

translatePage();
byId('me').textContent = desk.me;
showStatus(desk, byId('status'), byId('banner'));
desk.addEventListener('change', ({ detail }) => update(detail));
document.addEventListener('visibilitychange', () => update());
update();
await desk.start();
