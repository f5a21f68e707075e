// Pane: one open conversation on the staff's pages: its head, what can be done with it, what is known
// about it, and the chat.

import { ChatView } from './chat-view.js';
import { DetailsView } from './details-view.js';
import { el, icon } from './dom.js';
import { t } from './i18n.js';
import { ReplyPicker } from './replies.js';
import { slaOf } from './sla.js';
import { attempt, durationText, stateText } from './staff.js';
import { showNewTicket } from './tickets-view.js';
import { tick } from './ticker.js';
import { showTransfer } from './transfer-dialog.js';

export class Pane {
  #desk;
  #id;
  #slaLook = '';

  /** @param {{back, hide, ticket, known, ban}} actions  of the page; ticket(ticket): one was made */
  constructor(desk, id, actions) {
    this.#desk = desk;
    this.#id = id;
    this.chat = new ChatView(desk, id, { notes: true });
    new ReplyPicker(this.chat, () => ({ visitor: this.name, agent: desk.me }));
    this.details = new DetailsView(desk, id, {
      ticket: () => this.#newTicket(actions.ticket),
      known: () => {
        this.update();
        actions.known();
      },
    });
    this.problem = el('p', { class: 'problem', role: 'alert' });
    this.#build(actions);
    this.details.load();
  }

  /** Brings it up to date. */
  update() {
    const { view, transcript } = this.#desk.get(this.#id);
    this.title.textContent = this.name;
    this.state.textContent = [
      this.name === view.visitor ? '' : view.visitor,
      view.subject,
      stateText(view),
    ]
      .filter(Boolean)
      .join(' · ');
    const owned = view.open && view.state !== 'resolved';
    const mine = owned && view.agent === this.#desk.me;
    const supervisor = this.#desk.role === 'supervisor';
    this.end.hidden = !view.open;
    this.hold.hidden = !mine || view.state !== 'active';
    this.resume.hidden = !mine || view.state !== 'on_hold';
    this.resolve.hidden = !mine;
    this.transfer.hidden = !(mine || (supervisor && owned));
    this.takeOver.hidden = !supervisor || !owned || mine;
    this.release.hidden = !mine;
    this.toggle.hidden = view.left;
    this.#updateSla(transcript.items.map(({ message }) => message));
    this.chat.update();
  }

  focus() {
    this.chat.focus();
  }

  toggleDetails(shown = this.details.root.hidden) {
    this.details.root.hidden = !shown;
    this.toggle.setAttribute('aria-expanded', String(shown));
    if (shown) this.details.load();
  }

  toggleNote() {
    this.chat.toggle.click();
  }

  /** One of: hold, resume, resolve, transfer. */
  act(name) {
    if (!this[name].hidden) this[name].click();
  }

  /** What the visitor calls themselves; failing that, their id. */
  get name() {
    return this.details.about?.attributes?.name || this.#desk.get(this.#id).view.visitor;
  }

  #build({ back, hide, ban }) {
    const id = this.#id;
    const { client } = this.#desk;
    const button = (name, kind, onclick, ...content) =>
      el(
        'button',
        { class: `quiet ${kind}`, type: 'button', 'data-testid': name, onclick },
        ...content,
      );
    const sign = (name, label, kind, mark, onclick) => {
      const made = button(name, `small ${kind}`, onclick, icon(mark));
      made.setAttribute('aria-label', t(label));
      made.title = t(label);
      return made;
    };
    const act = (name, action) => button(name, '', () => attempt(this.problem, action()), t(name));
    this.title = el('h2', { id: `title-${id}` });
    this.state = el('p', { class: 'sub', role: 'status' });
    this.sla = el('ul', { class: 'chips', 'aria-label': t('sla_label'), hidden: true });
    this.end = act('close', () => client.closeConversation(id));
    this.end.setAttribute('aria-label', t('close_conversation'));
    this.hold = act('hold', () => client.hold(id));
    this.resume = act('resume', () => client.resume(id));
    this.resolve = act('resolve', () => client.resolve(id));
    this.release = act('release', () => client.release(id));
    this.takeOver = act('take_over', () => client.takeOver(id));
    this.transfer = button('transfer', '', () => showTransfer(this.#desk, id), t('transfer'));
    this.ban = button('ban-visitor', '', ban, t('ban'));
    this.ban.hidden = !ban;
    this.toggle = sign('toggle-details', 'details', '', 'info', () => this.toggleDetails());
    this.toggle.setAttribute('aria-expanded', 'false');
    this.root = el(
      'section',
      {
        class: 'pane',
        'aria-labelledby': this.title.id,
        'data-testid': 'pane',
        'data-conversation': id,
      },
      el(
        'header',
        { class: 'pane-head' },
        sign('back', 'back', 'back', 'back', back),
        el('div', { class: 'titles' }, this.title, this.state),
        this.toggle,
        sign('hide', 'close_pane', 'away', 'cancel', hide),
      ),
      el(
        'div',
        { class: 'actions' },
        this.takeOver,
        this.hold,
        this.resume,
        this.transfer,
        this.release,
        this.resolve,
        this.end,
        this.ban,
        this.sla,
      ),
      this.problem,
      el('div', { class: 'pane-body' }, this.chat.root, this.details.root),
    );
  }

  // For how long a target has been near, or broken.
  #updateSla(entries) {
    const told = slaOf(entries);
    const look = JSON.stringify(told);
    if (look === this.#slaLook) return;
    this.#slaLook = look;
    this.sla.hidden = told.length === 0;
    this.sla.replaceChildren(
      ...told.map(({ target, what, at }) => {
        const chip = el('li', { class: `chip ${what}`, 'data-testid': 'sla' });
        return tick(chip, () => {
          const since = durationText(Date.now() - Date.parse(at));
          chip.textContent = t(`sla_${what}`, { target: t(`sla_${target}`), since });
        });
      }),
    );
  }

  #newTicket(made) {
    showNewTicket(this.#desk, this.#id, { subject: this.details.subject.value, made });
  }
}
