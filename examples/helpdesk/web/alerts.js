// Alerts: a sound and a notification of the system when somebody needs this agent. Off until switched
// on: browsers want a click before either.

import { t } from './i18n.js';

const KEY = 'kefu-desk/alerts';
const FRESH = 60_000; // ms: what is older was not said just now

export class Alerts {
  #audio = null;

  get on() {
    try {
      return localStorage.getItem(KEY) === 'on';
    } catch {
      return false;
    }
  }

  /** Called by a click. Asks the browser for leave to notify; without it there is only the sound. */
  async toggle() {
    const on = !this.on;
    try {
      localStorage.setItem(KEY, on ? 'on' : 'off');
    } catch {
      return; // storage is forbidden
    }
    if (!on) return;
    if (globalThis.Notification?.permission === 'default') await Notification.requestPermission();
    this.#sound();
  }

  /** Somebody is offered, or has written at `at`, which nobody here is looking at. */
  raise(title, body, at = null) {
    if (!this.on || (at !== null && Date.now() - Date.parse(at) > FRESH)) return;
    this.#sound();
    if (document.visibilityState === 'visible') return;
    if (globalThis.Notification?.permission !== 'granted') return;
    const shown = new Notification(title, { body, tag: 'kefu', icon: 'icon.svg', lang: t('tag') });
    shown.addEventListener('click', () => {
      window.focus();
      shown.close();
    });
  }

  // Two soft tones, so that no file is needed.
  #sound() {
    if (!globalThis.AudioContext) return;
    this.#audio ??= new AudioContext();
    this.#audio.resume().catch(() => {});
    const { currentTime: now, destination } = this.#audio;
    for (const [delay, pitch] of [
      [0, 660],
      [0.12, 880],
    ]) {
      const tone = this.#audio.createOscillator();
      const volume = this.#audio.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0, now + delay);
      volume.gain.linearRampToValueAtTime(0.08, now + delay + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.001, now + delay + 0.25);
      tone.connect(volume).connect(destination);
      tone.start(now + delay);
      tone.stop(now + delay + 0.3);
    }
  }
}
