// DetailsView: what is known about a conversation, beside it: the subject, its priority and tags,
// which staff may change, what the visitor's page has told, and its tickets.

import { el } from './dom.js';
import { language, t } from './i18n.js';
import { choice, field } from './modal.js';
import { PRIORITIES, attempt, departmentName } from './staff.js';

const KNOWN = ['name', 'page', 'title', 'referrer', 'pages']; // what the widget tells

export class DetailsView {
  #desk;
  #id;
  #loaded = false;

  /** @param {() => void} options.ticket  makes one  @param {(about) => void} options.known */
  constructor(desk, id, { ticket, known }) {
    this.#desk = desk;
    this.#id = id;
    this.known = known;
    this.about = null;
    const change = (name, value) => ({
      'data-testid': `about-${name}`,
      onchange: () => this.#describe({ [name]: value() }),
    });
    this.subject = el('input', {
      class: 'line-input',
      maxlength: '80',
      ...change('subject', () => this.subject.value.trim()),
    });
    this.priority = choice(
      PRIORITIES.map((one) => [one, t(`priority_${one}`)]),
      change('priority', () => this.priority.value),
    );
    this.tags = el('input', {
      class: 'line-input',
      maxlength: '120',
      placeholder: t('tags_placeholder'),
      ...change('tags', () => this.#tagsTyped()),
    });
    this.facts = el('dl', { class: 'facts', 'data-testid': 'facts' });
    this.problem = el('p', { class: 'problem', role: 'alert' });
    this.root = el(
      'aside',
      { class: 'details', 'aria-label': t('details'), hidden: true, 'data-testid': 'details' },
      field('subject_short', this.subject),
      field('priority', this.priority),
      field('tags', this.tags),
      this.facts,
      el(
        'button',
        { class: 'quiet', type: 'button', 'data-testid': 'make-ticket', onclick: ticket },
        t('ticket_create'),
      ),
      this.problem,
    );
  }

  /** Asks for what is known, once. */
  async load() {
    if (this.#loaded) return;
    this.#loaded = true;
    if (!(await this.#describe({}))) this.#loaded = false;
  }

  #tagsTyped() {
    return this.tags.value
      .split(/[,，]/)
      .map((tag) => tag.trim())
      .filter(Boolean);
  }

  async #describe(what) {
    const asked = this.#desk.client.describe(this.#id, what);
    if (!(await attempt(this.problem, asked))) return false;
    this.#show(await asked);
    return true;
  }

  #show(about) {
    this.about = about;
    const { view } = this.#desk.get(this.#id);
    this.subject.value = about.subject ?? '';
    this.priority.value = about.priority ?? 'normal';
    this.tags.value = (about.tags ?? []).join(', ');
    const attributes = Object.entries(about.attributes ?? {}).map(([name, value]) => [
      KNOWN.includes(name) ? t(`about_${name}`) : name,
      value,
    ]);
    const facts = [
      [t('visitor'), view.visitor],
      [t('department'), departmentName(view.department)],
      [t('language'), languageName(about.language)],
      ...attributes,
    ];
    this.facts.replaceChildren(
      ...facts
        .filter(([, value]) => value)
        .flatMap(([name, value]) => [el('dt', {}, name), el('dd', { dir: 'auto' }, value)]),
    );
    this.known(about);
  }
}

function languageName(tag) {
  if (!tag) return '';
  try {
    return new Intl.DisplayNames([language], { type: 'language' }).of(tag);
  } catch {
    return tag; // not a tag
  }
}
