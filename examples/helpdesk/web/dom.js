// Two helpers to build elements. Text only ever becomes text: nothing here parses markup.

/**
 * el('button', { class: 'x', type: 'submit', onclick: f, 'data-testid': 'y' }, 'text', child, …)
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

/**
 * Makes `parent` hold exactly `children` in this order, moving as little as possible: what stays is
 * not announced anew.
 */
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let at = parent.firstElementChild;
  for (const child of children) {
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  }
}

// Drawn, because not every machine has a font with such signs. 24 by 24.
const ICONS = {
  attach:
    'M20 11.5 12.2 19.3a5 5 0 0 1-7-7L13.6 4a3.4 3.4 0 0 1 4.8 4.8l-8.3 8.3a1.8 1.8 0 0 1-2.5-2.5l7.4-7.4',
  save: 'M12 4v10m-4.5-4.2L12 14.3l4.5-4.5M5 18.5h14',
  pause: 'M9 6v12M15 6v12',
  go_on: 'M8 5.5 18 12 8 18.5z',
  cancel: 'm6.5 6.5 11 11m0-11-11 11',
};

/** A sign for the eye only: what it stands for must be said beside it. */
export function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}
