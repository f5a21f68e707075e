// The visitor's page: start a chat, write, end it. A visitor has one open conversation at a time
// here.

import { showStatus } from './banner.js';
import { ChatView } from './chat-view.js';
import { Desk, participantId } from './desk.js';
import { t, tOr, timeText, translatePage } from './i18n.js';
import { RatingQuestion } from './rating-question.js';

const byId = (id) => document.getElementById(id);
const desk = new Desk('visitor', participantId('visitor'));
let shown = null; // {id, view} of the conversation on the screen
let dismissed = false; // a closed conversation was put away, for a new one
let opening = false;
const question = new RatingQuestion(desk, byId('main'), () => shown?.view.focus());

function update() {
  const current = choose();
  if (current && shown?.id !== current.view.id) show(current.view.id);
  if (!current && shown) hide();
  byId('state').textContent = current ? stateText(current.view) : '';
  byId('start').hidden = Boolean(current);
  byId('end').hidden = !current?.view.open;
  byId('again').hidden = !current || current.view.open;
  question.update(current);
  shown?.view.update();
  document.title = titleOf(current);
}

// Where they stand, or who serves them.
function stateText({ state, place, agent, opens_at, ticketed }) {
  if (ticketed)
    return opens_at ? t('closed_until', { time: timeText(opens_at) }) : t('closed_now');
  const back = place ? place.opens_at : opens_at;
  if (back) return t('opens_at', { time: timeText(back) });
  if (place) {
    const minutes = Math.ceil((place.eta ?? 0) / 60);
    const eta = minutes > 0 ? `, ${t('eta', { minutes })}` : '';
    return t('place', place) + eta;
  }
  return state === 'active' && agent ? t('with_agent', { name: agent }) : tOr('state', state);
}

// The open conversation; failing that, the one that was just closed.
function choose() {
  const all = desk.conversations;
  const open = all.filter(({ view }) => view.open).at(-1);
  if (open) return open;
  return dismissed || !shown ? undefined : desk.get(shown.id);
}

function show(id) {
  hide();
  shown = { id, view: new ChatView(desk, id) };
  byId('main').insertBefore(shown.view.root, byId('again'));
  shown.view.update();
  shown.view.focus();
}

function hide() {
  shown?.view.root.remove();
  shown = null;
}

function titleOf(current) {
  const unread = current ? current.transcript.unreadAfter(current.view.read) : 0;
  const count = document.visibilityState === 'hidden' && unread > 0 ? `(${unread}) ` : '';
  return `${count}${t('visitor_title')} · kefu`;
}

async function start(event) {
  event.preventDefault();
  if (opening) return;
  opening = true;
  dismissed = false;
  byId('problem').textContent = '';
  try {
    await desk.client.open({
      department: byId('department').value,
      subject: byId('subject').value.trim(),
    });
    byId('subject').value = '';
  } catch (error) {
    byId('problem').textContent = t('error', { code: error.code ?? error.message });
  } finally {
    opening = false;
  }
}

function end() {
  if (shown) question.end(shown.id);
}

translatePage();
showStatus(desk, byId('status'), byId('banner'));
desk.addEventListener('change', update);
document.addEventListener('visibilitychange', update);
byId('start').addEventListener('submit', start);
byId('end').addEventListener('click', end);
byId('again').addEventListener('click', () => {
  dismissed = true;
  hide();
  update();
  byId('subject').focus();
});
update();
await desk.start();
