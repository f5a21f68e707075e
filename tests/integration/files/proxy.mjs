// A proxy in front of the server that interrupts what goes through it after so many bytes, as a
// network does that breaks.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Proxy {
  interruptions = 0;
  passed = 0; // bytes that went through, in the direction that counts
  #plan = [];
  #left = Infinity;
  #way;
  #server;
  #pairs = new Set();

  /** @param {'up'|'down'} way  whose bytes count: the client's or the server's */
  constructor(way) {
    this.#way = way;
  }

  static async start(port, way = 'up') {
    const proxy = new Proxy(way);
    proxy.#server = createServer({ allowHalfOpen: true }, (client) => proxy.#join(client, port));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get base() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /**
   * After each of these numbers of bytes the connection that brings the last of them is broken off:
   * [bytes, action]. `action` is done before that, while nothing goes through. The bytes themselves
   * still arrive.
   */
  interrupt(plan) {
    this.#plan = [...plan];
    this.#next();
  }

  get finished() {
    return this.#plan.length === 0 && this.#left === Infinity;
  }

  close() {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    this.#server.close();
  }

  #next() {
    this.#left = this.#plan.length > 0 ? this.#plan[0][0] : Infinity;
  }

  #join(client, port) {
    const server = connect(port, '127.0.0.1');
    const pair = { client, server };
    this.#pairs.add(pair);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ]) {
      one.on('error', () => {});
      one.on('close', () => {
        if (!other.writableEnded) other.destroy();
        this.#pairs.delete(pair);
      });
      one.on('end', () => other.end());
      const counts = (one === client) === (this.#way === 'up');
      one.on('data', (bytes) => this.#pass(pair, one, other, bytes, counts));
    }
  }

  #pass(pair, from, to, bytes, counts) {
    if (!counts || bytes.length < this.#left) {
      if (counts) {
        this.#left -= bytes.length;
        this.passed += bytes.length;
      }
      if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
      return;
    }
    const [, action] = this.#plan.shift();
    const part = bytes.subarray(0, this.#left);
    this.#next();
    this.passed += part.length;
    ++this.interruptions;
    from.pause();
    // When they have arrived: a reset could overtake them.
    to.write(part, async () => {
      await action?.();
      if (this.#way === 'up') {
        pair.server.end();
        // Node 20 never ends when a socket that was ended is reset.
        if (pair.client.writableEnded) pair.client.destroy();
        else pair.client.resetAndDestroy();
      } else {
        pair.client.end();
        pair.server.destroy();
      }
    });
  }
}
