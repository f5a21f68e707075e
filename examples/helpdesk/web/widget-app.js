// Widget: a button in the corner of somebody's page, and the chat behind it, in a shadow tree so that
// neither side's styles reach the other. It connects when it is opened, or when a chat goes on that
// was begun earlier.

import { showStatus } from './banner.js';
import { ChatView } from './chat-view.js';
import { Desk, keptId } from './desk.js';
import { el, icon } from './dom.js';
import { setLanguage, t, tOr, timeText } from './i18n.js';
import { RatingQuestion } from './rating-question.js';
import { Trail } from './trail.js';

const MOST = 256; // bytes of an attribute, the server's default
const USUAL_REM = 16; // px: sites that make theirs smaller don't mean us

/** @param {HTMLScriptElement} script  the tag that asks for it */
export function embed(script) {
  const attach = () => new Widget(script).attach(document.body);
  if (document.body) attach();
  else document.addEventListener('DOMContentLoaded', attach);
}

class Widget {
  #set; // data-… of the script
  #desk;
  #trail = new Trail();
  #chat = null; // {id, view}
  #started = false;
  #open = false;
  #opening = false;
  #dismissed = new Set(); // conversations that are over and were put away
  #question;

  /** @param {HTMLScriptElement} script  that loaded the widget */
  constructor(script) {
    this.#set = script.dataset;
    this.base = new URL(this.#set.server ?? '.', script.src);
    setLanguage(this.#set.lang || document.documentElement.lang);
    const me = this.#set.visitor || keptId('kefu-widget/visitor', 'visitor');
    const url = new URL('ws', this.base);
    url.protocol = url.protocol.replace('http', 'ws');
    this.#desk = new Desk('visitor', me, { url: url.href, token: () => this.#fetchToken() });
    this.#build(new URL('.', script.src));
  }

  /** Shows the button; goes on with a chat that was begun. */
  attach(parent) {
    parent.append(this.host);
    this.#trail.note();
    this.#desk.addEventListener('change', () => this.#update());
    document.addEventListener('visibilitychange', () => this.#update());
    if (this.#begun) this.#start();
  }

  // ---- what it consists of

  #build(files) {
    const { theme, side = 'right' } = this.#set;
    this.host = el('kefu-widget', { 'data-theme': theme, 'data-side': side });
    this.host.hidden = true; // until its style is there
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    if (rem < USUAL_REM) this.host.style.zoom = USUAL_REM / rem;
    this.badge = el('span', { class: 'count', hidden: true, 'data-testid': 'launcher-badge' });
    this.launcher = el(
      'button',
      {
        class: 'launcher',
        type: 'button',
        'aria-expanded': 'false',
        'aria-controls': 'panel',
        'data-testid': 'launcher',
        onclick: () => this.#toggle(!this.#open),
      },
      icon('chat'),
      this.badge,
    );
    this.panel = this.#makePanel();
    const style = el('link', { rel: 'stylesheet', href: new URL('widget.css', files) });
    style.addEventListener('load', () => (this.host.hidden = false));
    this.host
      .attachShadow({ mode: 'open' })
      .append(
        el('link', { rel: 'stylesheet', href: new URL('common.css', files) }),
        style,
        this.panel,
        this.launcher,
      );
    showStatus(this.#desk, this.status, this.banner);
    this.#update();
  }

  #makePanel() {
    this.state = el('p', { class: 'sub', role: 'status', 'data-testid': 'conversation-state' });
    this.status = el('span', { class: 'badge', 'data-testid': 'status' });
    this.banner = el('p', {
      class: 'banner',
      role: 'alert',
      hidden: true,
      'data-testid': 'banner',
    });
    this.notice = el('p', {
      class: 'notice',
      role: 'status',
      hidden: true,
      'data-testid': 'notice',
    });
    this.end = el(
      'button',
      {
        class: 'quiet',
        type: 'button',
        'data-testid': 'end',
        onclick: () => this.#question.end(this.#chat.id),
      },
      t('end_chat'),
    );
    this.away = el(
      'button',
      {
        class: 'quiet small',
        type: 'button',
        'aria-label': t('minimise'),
        title: t('minimise'),
        'data-testid': 'minimise',
        onclick: () => this.#toggle(false),
      },
      icon('down'),
    );
    this.start = this.#makeStart();
    this.again = el(
      'div',
      { class: 'again', hidden: true },
      el(
        'button',
        {
          class: 'primary',
          type: 'button',
          'data-testid': 'start-again',
          onclick: () => this.#startAgain(),
        },
        t('start_again'),
      ),
    );
    this.main = el('main', {}, this.start, this.again);
    this.#question = new RatingQuestion(this.#desk, this.main, () => this.#chat?.view.focus());
    return el(
      'section',
      {
        id: 'panel',
        class: 'panel',
        role: 'dialog',
        'aria-labelledby': 'title',
        hidden: true,
        'data-testid': 'panel',
        onkeydown: (event) => {
          if (event.key === 'Escape') this.#toggle(false);
        },
      },
      el(
        'header',
        { class: 'bar' },
        el(
          'div',
          { class: 'titles' },
          el('h2', { id: 'title' }, this.#set.title || t('visitor_title')),
          this.state,
        ),
        this.status,
        this.end,
        this.away,
      ),
      this.banner,
      this.notice,
      this.main,
    );
  }

  // What is asked before the chat: the name, the matter, and the department where there is a choice.
  #makeStart() {
    const asked = (this.#set.ask ?? 'name, subject').split(',').map((word) => word.trim());
    const field = (name, control) => [el('label', { for: name }, t(name)), control];
    const input = (name, more) =>
      field(name, el('input', { id: name, name, maxlength: '80', 'data-testid': name, ...more }));
    const departments = departmentsIn(this.#set.departments ?? '');
    this.problem = el('p', { class: 'problem', role: 'alert' });
    return el(
      'form',
      { class: 'start', 'data-testid': 'start-form', onsubmit: (event) => this.#openChat(event) },
      el('h3', {}, t('start_heading')),
      el('p', { class: 'hint' }, t('start_hint')),
      ...(asked.includes('name') ? input('name', { autocomplete: 'name' }) : []),
      ...(asked.includes('subject')
        ? input('subject', { autocomplete: 'off', placeholder: t('subject_placeholder') })
        : []),
      ...(departments.length > 1
        ? field(
            'department',
            el(
              'select',
              { id: 'department', name: 'department', 'data-testid': 'department' },
              ...departments.map(([value, text]) => el('option', { value }, text)),
            ),
          )
        : [el('input', { type: 'hidden', name: 'department', value: departments[0]?.[0] ?? '' })]),
      el('button', { class: 'primary', type: 'submit', 'data-testid': 'start' }, t('start')),
      this.problem,
    );
  }

  // ---- what it shows

  #update() {
    const current = this.#current;
    if (current && this.#chat?.id !== current.view.id) this.#show(current.view.id);
    if (!current && this.#chat) this.#hide();
    this.start.hidden = Boolean(current);
    this.state.textContent = current ? stateText(current.view) : '';
    this.#updateNotice(current?.view);
    this.end.hidden = !current?.view.open;
    this.again.hidden = !current || current.view.open;
    this.#question.update(current);
    this.#chat?.view.update();
    const unread = current && !this.#seen ? current.transcript.unreadAfter(current.view.read) : 0;
    this.badge.hidden = unread === 0;
    this.badge.textContent = unread > 99 ? '99+' : String(unread);
    const label = t(this.#open ? 'minimise' : 'open_chat');
    this.launcher.setAttribute(
      'aria-label',
      unread > 0 ? `${label}, ${t('unread', { count: unread })}` : label,
    );
  }

  // Nobody is there now: when somebody will be.
  #updateNotice({ agent, place, opens_at } = {}) {
    const at = agent ? '' : place ? place.opens_at : opens_at;
    const text = at ? t('opens_at', { time: timeText(at) }) : '';
    if (this.notice.textContent !== text) this.notice.textContent = text;
    this.notice.hidden = text === '';
  }

  get #seen() {
    return this.#open && document.visibilityState === 'visible';
  }

  // The open conversation; failing that, the one that was on the screen when it ended.
  get #current() {
    const open = this.#desk.conversations.filter(({ view }) => view.open).at(-1);
    const last = this.#chat && !this.#dismissed.has(this.#chat.id) && this.#desk.get(this.#chat.id);
    return open ?? (last || undefined);
  }

  #show(id) {
    this.#hide();
    this.#chat = { id, view: new ChatView(this.#desk, id) };
    this.main.insertBefore(this.#chat.view.root, this.again);
    if (this.#open) this.#chat.view.focus();
  }

  #hide() {
    this.#chat?.view.root.remove();
    this.#chat = null;
  }

  #toggle(open) {
    this.#open = open;
    this.panel.hidden = !open;
    this.launcher.setAttribute('aria-expanded', String(open));
    this.host.toggleAttribute('data-open', open);
    if (open) this.#start();
    this.#update();
    if (!open) this.launcher.focus();
    else if (this.#chat) this.#chat.view.focus();
    else this.start.querySelector('input:not([type=hidden]), select, button').focus();
  }

  // ---- beginning

  #start() {
    if (this.#started) return;
    this.#started = true;
    this.#desk.start();
  }

  async #openChat(event) {
    event.preventDefault();
    if (this.#opening) return;
    this.#opening = true;
    this.problem.textContent = '';
    const { name = '', subject = '', department } = Object.fromEntries(new FormData(this.start));
    try {
      await this.#desk.client.open({
        department,
        subject: subject.trim(),
        language: navigator.language,
        attributes: this.#attributes(name.trim()),
      });
      this.#begun = true;
    } catch (error) {
      this.problem.textContent = t('error', { code: error.code ?? error.message });
    } finally {
      this.#opening = false;
    }
  }

  #attributes(name) {
    const known = {
      name,
      page: location.pathname,
      title: document.title,
      referrer: document.referrer,
      pages: this.#trail.text,
    };
    return Object.fromEntries(
      Object.entries(known)
        .map(([key, value]) => [key, bounded(value)])
        .filter(([, value]) => value !== ''),
    );
  }

  #startAgain() {
    this.#dismissed.add(this.#chat.id);
    this.#hide();
    this.#update();
    this.start.querySelector('input:not([type=hidden]), select, button').focus();
  }

  // Whether this browser has had a chat: then it looks at once whether it goes on.
  get #begun() {
    return kept('get', `kefu-widget/begun/${this.#desk.me}`) !== null;
  }
  set #begun(_) {
    kept('set', `kefu-widget/begun/${this.#desk.me}`, '1');
  }

  async #fetchToken() {
    const { me } = this.#desk;
    const url = new URL(
      this.#set.token ?? new URL('demo/token?role=visitor', this.base),
      document.baseURI,
    );
    url.searchParams.set('id', me);
    const response = await fetch(url, { cache: 'no-store', credentials: 'include' });
    if (!response.ok) throw new Error(`token: ${response.status}`);
    return response.json();
  }
}

function stateText({ state, place, agent }) {
  if (place && !place.opens_at) return t('place', place);
  return state === 'active' && agent ? t('with_agent', { name: agent }) : tOr('state', state);
}

/** "a=A, b" → [['a', 'A'], ['b', 'b']] */
function departmentsIn(text) {
  return text
    .split(',')
    .map((one) => one.split('=').map((part) => part.trim()))
    .filter(([value]) => value)
    .map(([value, name = value]) => [value, name]);
}

function bounded(text) {
  let out = [...text.slice(0, MOST)];
  while (new TextEncoder().encode(out.join('')).length > MOST) out = out.slice(0, -1);
  return out.join('');
}

function kept(how, key, value) {
  try {
    return how === 'get' ? localStorage.getItem(key) : localStorage.setItem(key, value);
  } catch {
    return null; // storage is forbidden
  }
}
