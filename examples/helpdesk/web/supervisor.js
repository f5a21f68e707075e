// The supervisor's page: how it goes, who works, who waits; and one conversation or more to read along
// in, to whisper into (a note), or to take over.

import './i18n-staff.js';
import './i18n-supervisor.js';
import { showBans } from './bans-view.js';
import { showStatus } from './banner.js';
import { barChart, lineChart } from './chart.js';
import { lineOf } from './chat-view.js';
import { Desk, participantId } from './desk.js';
import { arrange, el, icon } from './dom.js';
import { t, timeText, translatePage } from './i18n.js';
import { Pane } from './pane.js';
import { ratingOf } from './rating.js';
import { showSearch } from './search-view.js';
import { followFigures } from './server-figures.js';
import { attempt, departmentName, durationText, stateText } from './staff.js';
import { tick } from './ticker.js';
import { showTickets } from './tickets-view.js';

const SAMPLE_EVERY = 5000; // ms
const SAMPLES = 60;
const RATINGS_EVERY = 60_000; // ms
const QUEUE_EVERY = 5000; // ms
const QUEUE_SOON = 300; // ms: several changes are one look
const QUEUE_SHOWN = 100; // of those who wait
const RATINGS = 50; // the newest so many are counted

const byId = (id) => document.getElementById(id);
const desk = new Desk('supervisor', participantId('supervisor'));
const panes = new Map(); // conversation → Pane
const agentRows = new Map();
const watchRows = new Map();
let queue = []; // who waits, as the server last listed them
let looking = null; // a timer: soon it is listed again
const series = { waiting: [], load: [], rate: [] };

function update(id = null) {
  updateFigures();
  updateQueues();
  updateAgents();
  updateWatched();
  for (const [conversation, pane] of panes) if (id === null || id === conversation) pane.update();
  byId('panes').hidden = panes.size === 0;
  byId('desk').dataset.view = panes.size > 0 ? 'pane' : 'list';
  document.title = `${t('supervisor_title')} · kefu`;
}

// ---- figures

/** Those that anybody may take, and those about whom agents are asked one by one; in their order. */
const waiting = () => {
  const listed = new Set(queue.map(({ conversation }) => conversation));
  return [...queue, ...desk.client.offers.filter(({ conversation }) => !listed.has(conversation))];
};
const staff = () =>
  desk.client.agents.filter(({ id, present, load }) => id !== desk.me && (present || load > 0));
const sum = (list, key) => list.reduce((total, one) => total + one[key], 0);

function updateFigures() {
  const present = staff().filter((one) => one.present);
  const ready = present.filter(({ intent }) => intent === 'available');
  byId('waiting').textContent = String(waiting().length);
  byId('load').textContent = t('of', { some: sum(present, 'load'), all: sum(present, 'capacity') });
  byId('present').textContent = t('agents_ready', { ready: ready.length, present: present.length });
}

function longest() {
  const since = waiting().map(({ opened_at }) => Date.parse(opened_at));
  return since.length > 0
    ? t('longest', { time: durationText(Date.now() - Math.min(...since)) })
    : '';
}

function sample(name, value) {
  series[name].push(value);
  series[name].splice(0, series[name].length - SAMPLES);
}

function drawCharts() {
  sample('waiting', waiting().length);
  sample('load', sum(staff(), 'load'));
  byId('waiting-chart').replaceChildren(
    lineChart(
      series.waiting,
      t('chart_waiting', { values: series.waiting.slice(-6).join(', ') }),
      4,
    ),
  );
  byId('load-chart').replaceChildren(
    lineChart(
      series.load,
      t('chart_load', { values: series.load.slice(-6).join(', ') }),
      sum(staff(), 'capacity'),
    ),
  );
}

function showServer({ entries, connections, latency }) {
  byId('server').hidden = false;
  sample('rate', entries);
  byId('rate').textContent = t('per_second', { count: entries.toFixed(entries < 10 ? 1 : 0) });
  byId('latency').textContent = [
    t('connections', { count: connections }),
    latency === null ? '' : t('stored_within', { ms: latency * 1000 }),
  ]
    .filter(Boolean)
    .join(' · ');
  byId('rate-chart').replaceChildren(
    lineChart(
      series.rate,
      t('chart_rate', {
        values: series.rate
          .slice(-6)
          .map((one) => one.toFixed(1))
          .join(', '),
      }),
    ),
  );
}

// Ratings are messages: the newest of them are found by what all of them have in their bodies.
async function countRatings() {
  if (desk.status.state !== 'online') return;
  try {
    const { entries } = await desk.client.search({ text: '"score":', limit: RATINGS });
    const scores = entries
      .map(ratingOf)
      .filter(Boolean)
      .map(({ score }) => score);
    const counts = [1, 2, 3, 4, 5].map((score) => scores.filter((one) => one === score).length);
    const mean = scores.reduce((total, one) => total + one, 0) / scores.length;
    byId('rating').textContent = scores.length > 0 ? `${mean.toFixed(1)} ★` : '–';
    byId('ratings').textContent = t('ratings', { count: scores.length });
    byId('rating-chart').replaceChildren(
      barChart(counts, t('chart_rating', { values: counts.join(', ') })),
    );
  } catch {
    byId('rating').textContent = '–'; // this store can't search
  }
}

// ---- who waits: by department

// Of what waits for one agent at a time nobody tells: it is asked for, now and then and when
// something has changed.
function lookSoon(delay) {
  clearTimeout(looking);
  looking = setTimeout(lookAtQueue, delay);
}

async function lookAtQueue() {
  lookSoon(QUEUE_EVERY);
  try {
    const { conversations } = await desk.client.list({ scope: 'queue', limit: QUEUE_SHOWN });
    queue = conversations.map(({ id, ...view }) => ({ conversation: id, ...view }));
    update();
  } catch {
    // not connected: the next look shows what there is
  }
}

function updateQueues() {
  const offers = waiting();
  byId('nobody').hidden = offers.length > 0;
  const look = JSON.stringify(offers);
  if (byId('queues').look === look) return;
  byId('queues').look = look;
  const departments = [...new Set(offers.map(({ department = '' }) => department))].sort();
  byId('queues').replaceChildren(
    ...departments.flatMap((name) => {
      const own = offers.filter(({ department = '' }) => department === name);
      return [
        el(
          'h3',
          {},
          `${departmentName(name) || t('no_department')} `,
          el('span', { class: 'count' }, String(own.length)),
        ),
        el('ol', {}, ...own.map(queueRow)),
      ];
    }),
  );
}

function queueRow({ conversation, visitor, subject, opened_at }, index) {
  const time = el('span', { class: 'time', 'data-testid': 'waits' });
  return el(
    'li',
    { class: 'board-row', 'data-testid': 'queued' },
    el(
      'div',
      { class: 'summary' },
      el(
        'strong',
        {},
        el('span', { class: 'faint', 'data-testid': 'position' }, `${index + 1}. `),
        visitor,
      ),
      el('span', { class: 'line' }, subject || t('no_subject')),
    ),
    tick(time, () => (time.textContent = durationText(Date.now() - Date.parse(opened_at)))),
    watchButton(conversation, visitor),
  );
}

const watchButton = (conversation, name) =>
  el(
    'button',
    {
      class: 'quiet',
      type: 'button',
      'aria-label': t('watch_whom', { name }),
      'data-testid': 'watch',
      onclick: () => watch(conversation),
    },
    t('watch'),
  );

// ---- who works

function updateAgents() {
  const all = staff().sort((a, b) => b.present - a.present || (a.id < b.id ? -1 : 1));
  byId('no-agents').hidden = all.length > 0;
  arrange(byId('agents'), all.map(agentRow));
}

function agentRow(agent) {
  let row = agentRows.get(agent.id);
  if (!row) {
    row = el('li', { class: 'board-row', 'data-testid': 'agent' });
    agentRows.set(agent.id, row);
  }
  const look = JSON.stringify(agent);
  if (row.look === look) return row;
  row.look = look;
  const { id, intent, present, load, capacity } = agent;
  const state = present ? intent : 'gone';
  row.dataset.state = state;
  row.replaceChildren(
    el('span', { class: 'dot', 'data-state': state, 'aria-hidden': 'true' }),
    el(
      'div',
      { class: 'summary' },
      el('strong', {}, id),
      el('span', { class: 'line faint' }, t(`intent_${state}`)),
    ),
    el('meter', {
      min: '0',
      max: String(Math.max(1, capacity)),
      value: String(load),
      'aria-label': t('load_of', { name: id }),
    }),
    el('span', { class: 'time' }, t('of', { some: load, all: capacity })),
  );
  return row;
}

// ---- what is read along

const watched = () =>
  desk.conversations.filter(({ view }) => view.open || panes.has(view.id)).reverse();

function updateWatched() {
  const all = watched();
  byId('none').hidden = all.length > 0;
  arrange(byId('conversations'), all.map(watchedRow));
}

function watchedRow({ view, transcript }) {
  let row = watchRows.get(view.id);
  if (!row) {
    row = el(
      'li',
      { 'data-testid': 'conversation', 'data-conversation': view.id },
      el('button', { class: 'board-row', type: 'button', onclick: () => open(view.id) }),
    );
    watchRows.set(view.id, row);
  }
  const last = transcript.last ? lineOf(transcript.last) : view.subject;
  const about = [view.agent && t('with_agent', { name: view.agent }), stateText(view)];
  const look = JSON.stringify([view.visitor, last, about, panes.has(view.id)]);
  if (row.look === look) return row;
  row.look = look;
  row.firstChild.setAttribute('aria-current', String(panes.has(view.id)));
  row.firstChild.replaceChildren(
    el(
      'span',
      { class: 'summary' },
      el('strong', {}, view.visitor),
      el('span', { class: 'line' }, last || t('no_subject')),
      el('span', { class: 'line faint' }, about.filter(Boolean).join(' · ')),
    ),
  );
  return row;
}

async function watch(conversation) {
  if (desk.get(conversation)?.view.left === false) return open(conversation);
  if (await attempt(byId('problem'), desk.client.watch(conversation))) open(conversation);
  else byId('problem').scrollIntoView({ block: 'nearest' });
}

// Watching ends with the connection.
function watchAgain() {
  for (const { view } of watched())
    if (view.open && view.agent !== desk.me) attempt(byId('problem'), desk.client.watch(view.id));
}

function open(id) {
  if (!desk.get(id)) return;
  if (!panes.has(id)) {
    const pane = new Pane(desk, id, {
      back: () => hide(id),
      hide: () => hide(id),
      ticket: (ticket) => tickets(ticket.id),
      known: () => updateWatched(),
      ban: () => showBans(desk, desk.get(id).view.visitor),
    });
    panes.set(id, pane);
    byId('panes').append(pane.root);
  }
  for (const [other, { root }] of panes) root.classList.toggle('current', other === id);
  update();
  panes.get(id).focus();
}

function hide(id) {
  panes.get(id)?.root.remove();
  panes.delete(id);
  const last = [...panes.values()].at(-1);
  last?.root.classList.add('current');
  update();
}

// ---- beside it

const search = () =>
  showSearch(desk, { can: () => true, choose: ({ conversation }) => watch(conversation) });
const tickets = (shown) => showTickets(desk, { openConversation: watch, shown });

translatePage();
for (const [id, mark, action] of [
  ['search', 'search', () => search()],
  ['tickets', 'ticket', () => tickets()],
  ['bans', 'ban', () => showBans(desk)],
]) {
  byId(id).prepend(icon(mark));
  byId(id).title = byId(id).getAttribute('aria-label');
  byId(id).addEventListener('click', action);
}
byId('me').textContent = desk.me;
showStatus(desk, byId('status'), byId('banner'));
desk.addEventListener('change', ({ detail }) => update(detail));
desk.addEventListener(
  'error',
  ({ detail }) => (byId('no-token').hidden &&= detail.code !== 'no_token'),
);
desk.client.addEventListener('entry', ({ detail }) => ratingOf(detail.entry) && countRatings());
for (const name of ['offers', 'agents'])
  desk.client.addEventListener(name, () => lookSoon(QUEUE_SOON));
desk.client.addEventListener('session', () => {
  byId('no-token').hidden = true;
  lookSoon(0);
  countRatings();
  watchAgain();
});
document.addEventListener('visibilitychange', () => update());
tick(byId('longest'), () => (byId('longest').textContent = longest()));
drawCharts();
setInterval(drawCharts, SAMPLE_EVERY);
setInterval(countRatings, RATINGS_EVERY);
followFigures(showServer);
update();
await desk.start();
