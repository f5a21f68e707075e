// Tickets: mine and nobody's, and one of them to work on. A change names the version that was seen;
// who was slower is told, and sees what it is now.

import { arrange, el } from './dom.js';
import { t, tOr, timeText } from './i18n.js';
import { choice, field, showModal } from './modal.js';
import { PRIORITIES, attempt, departmentName, problemText } from './staff.js';

const STATES = ['new', 'open', 'pending', 'on_hold', 'resolved', 'closed'];
const PAGE = 50;
const LOG = 200; // entries of a ticket that are shown, the oldest

/** Asks for a subject, and makes a ticket out of a conversation. */
export function showNewTicket(desk, id, { subject = '', made }) {
  const { view } = desk.get(id);
  const text = el('input', {
    class: 'line-input',
    maxlength: '80',
    required: true,
    'data-testid': 'ticket-subject',
  });
  text.value = subject || view.subject;
  const priority = priorityChoice('normal');
  const problem = el('p', { class: 'problem', role: 'alert' });
  const submit = async (event) => {
    event.preventDefault();
    const created = desk.client.createTicket({
      subject: text.value.trim(),
      requester: view.visitor,
      department: view.department || undefined,
      agent: desk.me,
      priority: priority.value,
      conversation: id,
    });
    if (!(await attempt(problem, created))) return;
    dialog.close();
    made(await created);
  };
  const dialog = showModal({
    title: t('ticket_create'),
    name: 'new-ticket',
    content: [
      el(
        'form',
        { class: 'stack', onsubmit: submit },
        field('subject_short', text),
        field('priority', priority),
        problem,
        el(
          'div',
          { class: 'choices' },
          el(
            'button',
            { class: 'primary', type: 'submit', 'data-testid': 'ticket-create' },
            t('create'),
          ),
        ),
      ),
    ],
  });
}

const priorityChoice = (value, attributes = {}) => {
  const select = choice(
    PRIORITIES.map((one) => [one, t(`priority_${one}`)]),
    attributes,
  );
  select.value = value;
  return select;
};

/** The tickets over the page. `openConversation(id)` goes to one of a ticket's; `shown`: which first. */
export function showTickets(desk, { openConversation, shown = null }) {
  return new TicketsDialog(desk, openConversation, shown);
}

class TicketsDialog {
  #desk;
  #openConversation;
  #tickets = [];
  #rows = new Map();
  #current = null;

  constructor(desk, openConversation, shown) {
    this.#desk = desk;
    this.#openConversation = openConversation;
    this.list = el('ul', { class: 'ticket-list', 'data-testid': 'tickets' });
    this.empty = el('p', { class: 'empty', hidden: true }, t('tickets_none'));
    this.problem = el('p', { class: 'problem', role: 'alert' });
    this.detail = el('section', { class: 'ticket', 'aria-label': t('ticket') });
    this.whose = choice(
      [
        ['mine', t('tickets_mine')],
        ['nobody', t('tickets_nobody')],
      ],
      {
        'aria-label': t('tickets_whose'),
        'data-testid': 'tickets-whose',
        onchange: () => this.#load(),
      },
    );
    this.dialog = showModal({
      title: t('tickets'),
      name: 'tickets-dialog',
      content: [
        this.problem,
        el(
          'div',
          { class: 'tickets' },
          el('div', { class: 'ticket-side' }, this.whose, this.empty, this.list),
          this.detail,
        ),
      ],
    });
    this.#load(shown);
  }

  async #load(shown = null) {
    const agent = this.whose.value === 'mine' ? this.#desk.me : undefined;
    const asked = this.#desk.client.tickets({ agent, limit: PAGE });
    if (!(await attempt(this.problem, asked))) return;
    this.#tickets = (await asked).tickets;
    this.#rows.clear();
    this.#update();
    const first = this.#tickets.find(({ id }) => id === shown) ?? this.#tickets[0];
    if (first) this.#show(first);
    else this.detail.replaceChildren();
  }

  #update() {
    this.empty.hidden = this.#tickets.length > 0;
    arrange(
      this.list,
      this.#tickets.map((ticket) => this.#row(ticket)),
    );
  }

  #row(ticket) {
    let row = this.#rows.get(ticket.id);
    if (!row) {
      row = el('li', {}, el('button', { type: 'button' }));
      row.firstChild.addEventListener('click', () => this.#show(row.ticket));
      this.#rows.set(ticket.id, row);
    }
    row.ticket = ticket;
    row.firstChild.setAttribute('aria-current', String(this.#current?.id === ticket.id));
    row.firstChild.replaceChildren(
      el('strong', {}, ticket.subject || t('no_subject')),
      el(
        'span',
        { class: 'line faint' },
        [
          tOr('ticket', ticket.state),
          t(`priority_${ticket.priority ?? 'normal'}`),
          ticket.requester,
        ]
          .filter(Boolean)
          .join(' · '),
      ),
    );
    return row;
  }

  // ---- one of them

  #show(ticket) {
    this.#current = ticket;
    this.#tickets = this.#tickets.map((one) => (one.id === ticket.id ? ticket : one));
    this.#update();
    const state = choice(
      STATES.map((one) => [one, tOr('ticket', one)]),
      { 'data-testid': 'ticket-state', onchange: () => this.#change({ state: state.value }) },
    );
    state.value = ticket.state;
    const priority = priorityChoice(ticket.priority ?? 'normal', {
      'data-testid': 'ticket-priority',
      onchange: () => this.#change({ priority: priority.value }),
    });
    const comment = el('textarea', {
      class: 'area',
      rows: '2',
      required: true,
      'data-testid': 'ticket-comment',
    });
    const inside = el('input', { type: 'checkbox', 'data-testid': 'ticket-inside' });
    inside.checked = true; // what the requester reads is said on purpose
    const log = el('ol', { class: 'ticket-log', 'data-testid': 'ticket-log' });
    this.detail.replaceChildren(
      el('h3', {}, ticket.subject || t('no_subject')),
      el(
        'p',
        { class: 'faint' },
        [
          ticket.requester,
          departmentName(ticket.department ?? ''),
          t('since', { time: timeText(ticket.created_at) }),
        ]
          .filter(Boolean)
          .join(' · '),
      ),
      el('div', { class: 'pair' }, field('ticket_state', state), field('priority', priority)),
      el('div', { class: 'choices start' }, ...this.#buttons(ticket)),
      log,
      el(
        'form',
        {
          class: 'stack',
          onsubmit: (event) => {
            event.preventDefault();
            this.#comment(comment, inside.checked);
          },
        },
        field('ticket_comment', comment),
        el(
          'div',
          { class: 'choices' },
          el('label', { class: 'check' }, inside, t('ticket_inside')),
          el(
            'button',
            { class: 'primary', type: 'submit', 'data-testid': 'ticket-say' },
            t('ticket_say'),
          ),
        ),
      ),
    );
    this.#readLog(ticket.id, log);
  }

  #buttons({ agent, conversations = [] }) {
    const take = el(
      'button',
      {
        class: 'quiet',
        type: 'button',
        'data-testid': 'ticket-take',
        onclick: () => this.#change({ agent: this.#desk.me }),
      },
      t('ticket_take'),
    );
    const known = conversations.filter((id) => this.#desk.get(id));
    const goTo = (id) => () => {
      this.dialog.close();
      this.#openConversation(id);
    };
    return [
      ...(agent === this.#desk.me ? [] : [take]),
      ...known.map((id) =>
        el(
          'button',
          { class: 'quiet', type: 'button', onclick: goTo(id) },
          t('ticket_conversation'),
        ),
      ),
    ];
  }

  async #change(what) {
    const { id, version } = this.#current;
    const changed = this.#desk.client.updateTicket(id, version, what);
    if (await attempt(this.problem, changed)) this.#show(await changed);
    else await this.#showAgain(id);
  }

  // What it is now: a comment counts as a change, too.
  async #showAgain(id) {
    const now = await this.#desk.client.ticket(id).catch(() => null);
    if (now && this.#current.id === id) this.#show(now);
  }

  async #comment(text, inside) {
    const { id } = this.#current;
    const body = text.value.trim();
    const log = inside ? 'internal' : undefined;
    if (body && (await attempt(this.problem, this.#desk.client.commentTicket(id, body, { log }))))
      await this.#showAgain(id);
  }

  async #read(conversation, log) {
    return (await this.#desk.client.history({ conversation, log, after: 0, limit: LOG })).entries;
  }

  async #readLog(id, log) {
    try {
      const logs = await Promise.all(['public', 'internal'].map((name) => this.#read(id, name)));
      log.replaceChildren(...logs.flat().sort(byPlace).map(logRow));
    } catch (error) {
      this.problem.textContent = problemText(error);
    }
  }
}

// An internal one stands behind the public one that it names.
const placeOf = ({ log, seq, after = 0 }) => (log === 'internal' ? [after, 1, seq] : [seq, 0, 0]);
function byPlace(a, b) {
  const [one, other] = [placeOf(a), placeOf(b)];
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}

function logRow({ kind, from, body, at, log }) {
  const said = kind === 'text';
  const inside = said && log === 'internal';
  const about = [from, timeText(at), inside && t('ticket_inside')].filter(Boolean).join(' · ');
  return el(
    'li',
    { class: said ? `said ${log}` : 'faint' },
    el('span', { class: 'line faint' }, about),
    el('span', { class: 'body', dir: 'auto' }, said ? body : changeText(body)),
  );
}

// kefu's own entries say in a word what has changed.
const changeText = (body) => t('ticket_changed', { what: body });
