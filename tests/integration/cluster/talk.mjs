// Talk: a visitor and an agent who talk at a steady pace, whatever happens to their nodes, and what
// has become of what they said.

import { setTimeout as pause } from 'node:timers/promises';
import { Courier } from '../ws/courier.mjs';

class Speaker {
  bodies = [];
  settled = []; // when each got its outcome, ms
  #over = false;

  constructor(peer, conversation, pace, patience) {
    Object.assign(this, { peer, pace, patience });
    this.courier = new Courier(peer, conversation, this.bodies, {
      onOutcome: () => this.settled.push(performance.now()),
    });
  }

  async speak() {
    while (!this.#over) {
      this.bodies.push(`${this.peer.id}/${this.bodies.length + 1}`);
      const watch = setInterval(() => this.#giveUp(), this.patience / 4);
      this.#since = performance.now();
      try {
        await this.courier.deliver();
      } finally {
        clearInterval(watch);
      }
      await this.#rest();
    }
  }

  #since = 0;

  /** A silent server is as good as none. */
  #giveUp() {
    const { peer } = this;
    if (performance.now() - this.#since < this.patience) return;
    this.#since = performance.now();
    peer.socket.terminate();
  }

  /** Until it is time for the next, or the connection is lost: then to say it on another. */
  async #rest() {
    const { socket } = this.peer;
    if (!this.peer.isOpen) return;
    const ended = new AbortController();
    const wake = () => ended.abort();
    socket.once('close', wake);
    await pause(this.pace, null, { signal: ended.signal }).catch(() => {});
    socket.off('close', wake);
  }

  stop() {
    this.#over = true;
  }

  /** After it. The courier has counted for itself. */
  sayLast(body) {
    return this.peer.say(this.courier.conversation, body, { cseq: this.bodies.length + 1 });
  }
}

export class Talk {
  /** `pace`: ms between the messages of each; `patience`: ms after which silence is a loss. */
  constructor({ visitor, agent, id }, { pace = 100, patience = 1000 } = {}) {
    this.id = id;
    this.speakers = [visitor, agent].map((peer) => new Speaker(peer, id, pace, patience));
  }

  start() {
    this.done = Promise.all(this.speakers.map((speaker) => speaker.speak()));
  }
  stop() {
    for (const speaker of this.speakers) speaker.stop();
    return this.done;
  }

  /** When each of those whose node is `node` got something new acknowledged, ms after `since`. */
  static firstAcks(speakers, since) {
    return speakers
      .map(({ settled }) => settled.find((time) => time > since) - since)
      .sort((a, b) => a - b);
  }

  /** After stop(): how many of what was acknowledged are missing, doubled, or out of order, and whether one
   * of the two no longer hears the other. */
  async verdict() {
    const found = { lost: 0, doubled: 0, disordered: 0, stranded: 0 };
    const [visitor, agent] = this.speakers;
    for (const { peer } of this.speakers) if (!peer.isOpen) await reconnect(peer);
    const log = await agent.peer.readAll(this.id);
    for (const { courier, bodies, peer } of this.speakers) {
      const own = log.filter(({ body }) => body.startsWith(`${peer.id}/`));
      courier.outcomes.forEach(({ seq }, i) => {
        if (log[seq - 1]?.body !== bodies[i]) ++found.lost;
      });
      found.doubled += own.length - new Set(own.map(({ body }) => body)).size;
      own.forEach(({ body }, i) => {
        if (i > 0 && number(own[i - 1].body) > number(body)) ++found.disordered;
      });
    }
    try {
      const { seq } = await visitor.sayLast('is anybody there?');
      await agent.peer.reach(this.id, seq);
      const answer = await agent.sayLast('yes');
      await visitor.peer.reach(this.id, answer.seq);
      for (const { peer } of this.speakers) found.disordered += differences(peer, this.id, log);
    } catch (error) {
      found.stranded = 1;
      found.why = error.message;
    }
    return found;
  }
}

/** Where what a device was told differs from the log. */
function differences(peer, id, log) {
  const { entries } = peer.log(id);
  return log.filter(({ seq, body }) => entries.get(seq)?.body !== body).length;
}

async function reconnect(peer) {
  for (;;) {
    await peer.desk.up();
    try {
      return await peer.resume();
    } catch {
      // the next node
    }
  }
}

const number = (body) => Number(body.split('/')[1]);

export function quantile(sorted, q) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)];
}
