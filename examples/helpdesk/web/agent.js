// The agent's page: who waits, my conversations, and as many of them open side by side as one likes.
// This file puts the parts together:
//   offers-view.js      who waits           pane.js          one conversation
//   left-messages.js    while closed
//   details-view.js     what is known       tickets-view.js  the work that stays
//   transfer-dialog.js  to somebody else    search-view.js   what was said
//   replies.js          canned ones         alerts.js        sound and notifications
//   shortcuts.js        keys

import './i18n-staff.js';
import { Alerts } from './alerts.js';
import { showStatus } from './banner.js';
import { lineOf } from './chat-view.js';
import { Desk, participantId } from './desk.js';
import { arrange, el, icon } from './dom.js';
import { t, translatePage } from './i18n.js';
import { LeftMessages } from './left-messages.js';
import { OffersView } from './offers-view.js';
import { Pane } from './pane.js';
import { showReplies } from './replies.js';
import { showSearch } from './search-view.js';
import { listenForKeys, showKeys } from './shortcuts.js';
import { attempt, stateText } from './staff.js';
import { showTickets } from './tickets-view.js';

const byId = (id) => document.getElementById(id);
const desk = new Desk('agent', participantId('agent'));
const alerts = new Alerts();
const panes = new Map(); // conversation → Pane
const rows = new Map(); // conversation → its element in the list
const known = new Set(); // offers that were told of
let current = null; // the pane that is worked in, and that a small screen shows

const offers = new OffersView({
  list: byId('offers'),
  count: byId('waiting-count'),
  empty: byId('nobody'),
  accept: ({ conversation }) => accept(conversation),
  decline: ({ conversation }) => attempt(byId('problem'), desk.client.decline(conversation)),
});

function update(id = null) {
  updateIntent();
  offers.update(desk.client.offers);
  updateList();
  for (const [conversation, pane] of panes) if (id === null || id === conversation) pane.update();
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
  byId('load').textContent = me ? t('load', me) : '';
}

async function accept(conversation) {
  if (await attempt(byId('problem'), desk.client.accept(conversation))) open(conversation);
}

// ---- my conversations

const listed = () =>
  desk.conversations.filter(({ view }) => view.open || panes.has(view.id)).reverse();

function updateList() {
  const all = listed();
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
  const last = transcript.last && lineOf(transcript.last);
  const name = panes.get(view.id)?.name || view.visitor || '…';
  const typing = desk.typing(view.id).length > 0;
  const look = JSON.stringify([
    name,
    view.subject,
    view.state,
    view.left,
    last,
    unread,
    typing,
    panes.has(view.id),
    current === view.id,
  ]);
  if (row.look === look) return row;
  row.look = look;
  const button = row.firstElementChild;
  row.classList.toggle('current', current === view.id);
  button.setAttribute('aria-current', String(panes.has(view.id)));
  button.replaceChildren(
    el(
      'div',
      { class: 'summary' },
      el('strong', {}, name),
      el(
        'span',
        { class: 'line' },
        typing ? t('typing_short') : last || view.subject || t('no_subject'),
      ),
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
            role: 'img',
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
    const pane = new Pane(desk, id, {
      back: leave,
      hide: () => hide(id),
      ticket: (ticket) => tickets(ticket.id),
      known: () => updateList(),
    });
    panes.set(id, pane);
    byId('panes').append(pane.root);
  }
  update();
  const pane = panes.get(id);
  for (const [other, each] of panes) each.root.classList.toggle('current', other === id);
  pane.root.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  pane.update();
  pane.focus();
}

function hide(id) {
  panes.get(id)?.root.remove();
  panes.delete(id);
  if (current === id) current = null;
  update();
}

// On a small screen: back to the list, the panes stay open behind it.
function leave() {
  const id = current;
  current = null;
  update();
  rows.get(id)?.firstElementChild.focus();
}

// ---- beside the conversations

const search = () =>
  showSearch(desk, {
    can: ({ conversation }) => Boolean(desk.get(conversation)),
    choose: ({ conversation }) => open(conversation),
  });
const tickets = (shown) => showTickets(desk, { openConversation: open, shown });

const keys = {
  digit: { code: 'Digits', run: (n) => open(listed()[n - 1]?.view.id) },
  accept: { code: 'KeyA', run: () => byId('offers').querySelector('.primary')?.click() },
  decline: { code: 'KeyX', run: () => byId('offers').querySelector('.quiet')?.click() },
  note: { code: 'KeyN', run: () => panes.get(current)?.toggleNote() },
  details: { code: 'KeyI', run: () => panes.get(current)?.toggleDetails() },
  hold: {
    code: 'KeyP',
    run: () => ['hold', 'resume'].forEach((one) => panes.get(current)?.act(one)),
  },
  transfer: { code: 'KeyT', run: () => panes.get(current)?.act('transfer') },
  resolve: { code: 'KeyR', run: () => panes.get(current)?.act('resolve') },
  hide: { code: 'KeyW', run: () => current && hide(current) },
  search: { code: 'KeyS', run: search },
  tickets: { code: 'KeyK', run: () => tickets() },
};

function updateAlerts() {
  byId('alerts').setAttribute('aria-pressed', String(alerts.on));
}

function alertOffers() {
  const alone = desk.client.offers.filter(({ expires_at }) => expires_at);
  for (const { conversation, assignment, visitor, subject } of alone) {
    const key = `${conversation} ${assignment}`;
    if (!known.has(key)) alerts.raise(t('alert_offer', { name: visitor }), subject ?? '');
    known.add(key);
  }
}

function alertEntry({ conversation, entry }) {
  const { own, role, from, at } = entry;
  const seen = document.visibilityState === 'visible' && panes.has(conversation);
  if (own || role !== 'visitor' || seen) return;
  alerts.raise(t('alert_message', { name: from }), lineOf(entry), at);
}

translatePage();
for (const [id, mark, action] of [
  ['search', 'search', search],
  ['tickets', 'ticket', () => tickets()],
  ['replies', 'reply', showReplies],
  ['keys', 'help', () => showKeys(keys)],
  ['alerts', 'bell', () => alerts.toggle().then(updateAlerts)],
]) {
  byId(id).prepend(icon(mark));
  byId(id).title = byId(id).getAttribute('aria-label');
  byId(id).addEventListener('click', action);
}
updateAlerts();
listenForKeys(keys);
byId('me').textContent = desk.me;
showStatus(desk, byId('status'), byId('banner'));
desk.addEventListener('change', ({ detail }) => update(detail));
desk.client.addEventListener('offers', alertOffers);
desk.client.addEventListener('entry', ({ detail }) => alertEntry(detail));
document.addEventListener('visibilitychange', () => update());
document.addEventListener('focusin', ({ target }) => {
  const id = target.closest('.pane')?.dataset.conversation;
  if (!id || id === current || !panes.has(id)) return;
  current = id;
  for (const [other, each] of panes) each.root.classList.toggle('current', other === id);
  update();
});
byId('intent').addEventListener('change', ({ target }) =>
  attempt(byId('problem'), desk.client.setPresence({ intent: target.value })),
);
const leftMessages = new LeftMessages(desk, byId('left'), {
  open,
  attempt: (action) => attempt(byId('problem'), action),
});
desk.client.addEventListener('session', () => leftMessages.refresh());
update();
await desk.start();
