// Courier: a device that delivers a list of messages whatever happens to the server, as §6, §7 and
// §13 of the protocol say: pending sends are kept, a lost connection is resumed, everything pending
// is sent again in order.

import assert from 'node:assert/strict';

export class Courier {
  settled = 0; // every cseq up to here has an outcome …
  outcomes = []; // … [{seq, at} or {code}], by cseq − 1
  resumed = 0; // how often the session was resumed
  repeated = 0; // sends that were sent more than once
  #sent = 0; // of this connection, and of the run since the last rewind
  #highest = 0; // ever sent
  #finish = null;
  #rewinding = false;

  /** @param {Peer} peer  connected, and in the conversation */
  constructor(
    peer,
    conversation,
    bodies,
    { window = 32, log = () => 'public', onOutcome = () => {} } = {},
  ) {
    Object.assign(this, { peer, conversation, bodies, window, log, onOutcome });
  }

  /** Resolves when every message has an outcome. Reconnects as often as it must. */
  async deliver() {
    while (this.settled < this.bodies.length) {
      if (!this.peer.isOpen) await this.#reconnect();
      this.#sent = this.settled;
      this.#rewinding = false;
      await this.#run();
    }
    return this.outcomes;
  }

  async #reconnect() {
    for (;;) {
      await this.peer.desk.up(); // a condition, not a back-off: the test starts the server again
      try {
        await this.peer.gone();
        const { conversations } = await this.peer.resume();
        const accepted = conversations.find((view) => view.id === this.conversation)?.accepted_cseq;
        if (accepted !== undefined) {
          assert.ok(
            accepted >= this.settled,
            `accepted_cseq is ${accepted}, but ${this.settled} was acknowledged`,
          );
          assert.ok(
            accepted <= this.#highest,
            `accepted_cseq is ${accepted}, but only ${this.#highest} were sent`,
          );
        }
        ++this.resumed;
        return;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
    }
  }

  // One connection, until it ends or everything is settled.
  async #run() {
    const { peer } = this;
    let seen = 0;
    const pump = () => {
      for (; seen < peer.frames.length; ++seen) this.#on(peer.frames[seen]);
      if (this.#rewinding && this.#sent === this.#answered) {
        this.#sent = this.settled;
        this.#rewinding = false;
      }
      while (
        !this.#rewinding &&
        peer.isOpen &&
        this.#sent < this.bodies.length &&
        this.#sent - this.settled < this.window
      )
        this.#send(++this.#sent);
      return this.settled === this.bodies.length || !peer.isOpen;
    };
    this.#answered = this.settled;
    await peer.until(pump, () => `cseq ${this.settled + 1} of ${this.bodies.length} to be settled`);
  }

  #answered = 0;

  #send(cseq) {
    if (cseq <= this.#highest) ++this.repeated;
    this.#highest = Math.max(this.#highest, cseq);
    this.peer.transmit(
      this.peer.draft(this.conversation, this.bodies[cseq - 1], { cseq, log: this.log(cseq) }),
    );
  }

  #on(frame) {
    if (frame.conversation !== this.conversation) return;
    if (frame.type === 'ack') {
      const { cseq, seq, count = 1, at } = frame;
      for (let i = count - 1; i >= 0; --i) this.#settle(cseq - i, { seq: seq - i, at });
    } else if (frame.type === 'error' && frame.cseq) {
      if (['denied', 'closed'].includes(frame.code))
        return this.#settle(frame.cseq, { code: frame.code });
      assert.ok(
        ['gap', 'rate_limited', 'overloaded', 'stale', 'unavailable', 'timed_out'].includes(
          frame.code,
        ),
        JSON.stringify(frame),
      );
      this.#answered = Math.max(this.#answered, frame.cseq);
      // When all that is under way is answered, go on from the first without an outcome.
      this.#rewinding = true;
    }
  }

  #settle(cseq, outcome) {
    this.#answered = Math.max(this.#answered, cseq);
    const known = this.outcomes[cseq - 1];
    if (known) return assert.deepEqual(outcome, known, `cseq ${cseq} has two outcomes`);
    assert.equal(cseq, this.settled + 1, 'outcomes come in order');
    this.outcomes.push(outcome);
    ++this.settled;
    this.onOutcome(cseq, outcome);
  }
}
