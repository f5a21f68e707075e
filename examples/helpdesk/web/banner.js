// The line that tells how the connection is, for both pages.

import { t } from './i18n.js';

const GRACE = 1500; // ms: a reconnect that is faster than this is nobody's business

/** Keeps `badge` (always there) and `banner` (only when something is wrong) up to date. */
export function showStatus(desk, badge, banner) {
  let timer = null;
  let shown = false;
  const update = () => {
    const { state } = desk.status;
    const known = ['online', 'waiting', 'stopped'].includes(state) ? state : 'connecting';
    badge.textContent = t(`status_${known}`);
    badge.dataset.state = known;
    if (state === 'online') {
      clearTimeout(timer);
      timer = null;
      shown = false;
    } else if (timer === null) {
      timer = setTimeout(() => {
        shown = true;
        update();
      }, GRACE);
    }
    const count = desk.client.pendingCount;
    const text = shown
      ? `${t('banner_waiting')}${count > 0 ? ` ${t('banner_pending', { count })}` : ''}`
      : '';
    if (banner.textContent !== text) banner.textContent = text;
    banner.hidden = !shown;
  };
  desk.addEventListener('change', update);
  update();
}
