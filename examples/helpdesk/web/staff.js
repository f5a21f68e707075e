// What the staff's pages share: names, and what is said when something can't be done.

import { t, tOr } from './i18n.js';

/** Of the example; a host has its own. */
export const DEPARTMENTS = ['support', 'sales'];
export const PRIORITIES = ['low', 'normal', 'high', 'urgent'];

export const departmentName = (name) => (DEPARTMENTS.includes(name) ? t(name) : name);

export const stateText = (view) => (view.left ? t('left') : tOr('state', view.state));

export function problemText(error) {
  return error.rule ? tOr('rule', error.rule) : t('error', { code: error.code ?? error.message });
}

/** Awaits what somebody has asked for; says in `where` why it could not be done. Returns whether it was. */
export async function attempt(where, action) {
  where.textContent = '';
  try {
    await action;
    return true;
  } catch (error) {
    where.textContent = problemText(error);
    return false;
  }
}

/** m:ss, or h:mm:ss. */
export function durationText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, i) => (i > 0 ? String(part).padStart(2, '0') : String(part))).join(':');
}
