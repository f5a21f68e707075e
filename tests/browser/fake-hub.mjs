// FakeHub: the server's side of kefu.v1 in memory, as far as the client's tests need it. It keeps
// the promises that the client relies on (dense seq, one entry per cseq, acks in place of own
// entries, fencing by epoch) in the simplest way, and can be told to misbehave in the ways that are
// allowed. It shares no code with the client or with kefu.

const OPEN = (one) => one.state !== 'closed';

export class FakeHub {
  /**
   * @param {object} options
   * @param {number} options.window
   * @param {number} options.replayLimit
   * @param {() => number} options.now        ms since the epoch
   * @param {() => string} options.newId      a UUID
   * @param {(token: string) => {id: string, role: string}|null} options.authenticate
   * @param {(send: object) => string|null} options.fault   an error code instead of storing a send, or null
   * @param {(state: object) => void} options.save          called before anything is acknowledged
   */
  constructor(options) {
    this.options = {
      window: 32,
      replayLimit: 10_000,
      now: Date.now,
      fault: () => null,
      save: () => {},
      ...options,
    };
    // id → {participant, epoch, marks: {conversation → {accepted, kept}}}
    this.sessions = new Map();
    // id → {id, state, visitor, …, agents, public: [entry], internal: [entry]}
    this.conversations = new Map();
    this.links = new Set();
  }

  /** The state as plain JSON, and back. */
  save() {
    this.options.save({ sessions: [...this.sessions], conversations: [...this.conversations] });
  }
  load(state) {
    this.sessions = new Map(state.sessions);
    this.conversations = new Map(state.conversations);
  }

  /** A client has connected. `send` takes an array of frames, `close` a code. */
  connect({ send, close }) {
    const link = {
      send,
      close,
      session: null,
      participant: null,
      positions: new Map(),
      own: new Map(),
      alive: true,
    };
    this.links.add(link);
    return {
      message: (frames) =>
        link.alive && frames.forEach((frame) => link.alive && this.#frame(link, frame)),
      closed: () => this.#gone(link),
    };
  }

  /** Removes a session, if nobody is attached to it. */
  expire(id) {
    if ([...this.links].some((link) => link.session === id)) return false;
    return this.sessions.delete(id);
  }

  /** Ends a link from the server's side. */
  cut(link, code) {
    if (!link.alive) return;
    this.#gone(link);
    link.close(code);
  }

  #gone(link) {
    link.alive = false;
    this.links.delete(link);
  }

  #frame(link, frame) {
    const { ref } = frame;
    const fail = (code, rest = {}) =>
      link.send([{ type: 'error', code, ...rest, ...(ref && { ref }) }]);
    if (frame.type === 'hello') return this.#hello(link, frame, fail);
    if (!link.session) return fail('unauthenticated');
    const conversation = this.conversations.get(frame.conversation);
    switch (frame.type) {
      case 'token':
        return link.send([{ type: 'done', ref }]);
      case 'open':
        return this.#open(link, frame);
      case 'list':
        return link.send([
          {
            type: 'list',
            ref,
            next: '',
            conversations: this.#mine(link)
              .slice(0, frame.limit)
              .map((one) => this.#view(link, one)),
          },
        ]);
      case 'accept':
        return this.#accept(link, frame, conversation, fail);
      default:
        break;
    }
    if (!conversation || !this.#admits(conversation, link.participant)) {
      return fail('not_found', { conversation: frame.conversation, cseq: frame.cseq });
    }
    switch (frame.type) {
      case 'send':
      case 'note':
        return this.#send(link, frame, conversation);
      case 'delivered':
        return this.#tell(link, conversation, { type: 'receipt', delivered: frame.seq });
      case 'read':
        return this.#tell(link, conversation, { type: 'receipt', read: frame.seq });
      case 'typing':
        return this.#tell(link, conversation, { type: 'typing', on: frame.on ?? true });
      case 'history':
        return this.#history(link, frame, conversation);
      case 'close':
        return this.#close(link, frame, conversation);
      default:
        return fail('unsupported');
    }
  }

  #hello(link, { token, session, epoch, positions = [] }, fail) {
    const participant = this.options.authenticate(token);
    if (!participant) return fail('unauthenticated');
    let record = session && this.sessions.get(session);
    if (session && !record) return fail('session_expired');
    if (record && epoch <= record.epoch) return fail('stale_epoch', { current: record.epoch });
    const id = session ?? this.options.newId();
    for (const other of [...this.links])
      if (other !== link && other.session === id) this.cut(other, 4001);
    record ??= { participant, epoch, marks: {} };
    record.epoch = epoch;
    this.sessions.set(id, record);
    this.save();
    Object.assign(link, { session: id, participant, epoch });
    const named = new Map(positions.map((one) => [one.conversation, one]));
    const mine = this.#mine(link);
    link.send([
      {
        type: 'welcome',
        session: id,
        epoch,
        resumed: session !== undefined,
        limits: { window: this.options.window, max_frame: 65_536, max_body: 16_384 },
        conversations: mine.map((one) => this.#view(link, one)),
      },
    ]);
    for (const one of mine) this.#read(link, one, named.get(one.id));
    if (participant.role === 'agent') {
      for (const one of this.conversations.values())
        if (one.state === 'queued') link.send([offerOf(one)]);
    }
    return undefined;
  }

  #mine(link) {
    return [...this.conversations.values()].filter(
      (one) => OPEN(one) && this.#admits(one, link.participant),
    );
  }

  #admits(conversation, { id, role }) {
    return role === 'visitor' ? conversation.visitor === id : conversation.agents.includes(id);
  }

  #view(link, one) {
    const { id, state, visitor, department, subject, opened_at } = one;
    const accepted_cseq = this.sessions.get(link.session).marks[id]?.accepted ?? 0;
    const internal_tail = link.participant.role === 'visitor' ? 0 : one.internal.length;
    return {
      id,
      state,
      visitor,
      department,
      subject,
      opened_at,
      tail: one.public.length,
      internal_tail,
      accepted_cseq,
    };
  }

  // ---- reading

  #read(link, one, position = { seq: 0, internal: 0 }) {
    const at = { public: position.seq, internal: position.internal ?? 0 };
    link.positions.set(one.id, at);
    for (const log of ['public', 'internal']) {
      if (one[log].length - at[log] <= this.options.replayLimit) continue;
      if (log === 'internal' && link.participant.role === 'visitor') continue;
      at[log] = one[log].length;
      link.send([
        {
          type: 'reset',
          conversation: one.id,
          ...logOf(log),
          tail: at[log],
          reason: 'replay_limit',
        },
      ]);
    }
    this.#stream(link, one);
  }

  #streamAll(one) {
    for (const link of this.links) if (link.positions.has(one.id)) this.#stream(link, one);
  }

  #stream(link, one) {
    const at = link.positions.get(one.id);
    const frames = [];
    for (const log of link.participant.role === 'visitor' ? ['public'] : ['public', 'internal']) {
      while (at[log] < one[log].length) {
        const entry = one[log][at[log]++];
        const key = `${one.id}/${log}/${entry.seq}`;
        if (link.own.has(key))
          pushAck(frames, {
            type: 'ack',
            conversation: one.id,
            ...logOf(log),
            cseq: entry.origin.cseq,
            seq: entry.seq,
            count: 1,
            at: entry.at,
          });
        else frames.push(this.#shown(link, entry));
        link.own.delete(key);
      }
    }
    if (frames.length > 0)
      link.send(frames.map(({ count, ...rest }) => (count > 1 ? { count, ...rest } : rest)));
  }

  // `origin` is for the one who wrote it.
  #shown(link, { origin, ...entry }) {
    const shown = { type: 'entry', ...entry };
    if (origin && entry.from === link.participant.id) shown.origin = origin;
    return shown;
  }

  #history(link, { ref, conversation, log = 'public', before, after, limit = 50 }, one) {
    if (log === 'internal' && link.participant.role === 'visitor') {
      return link.send([{ type: 'error', code: 'denied', ref, conversation }]);
    }
    const entries =
      before !== undefined
        ? one[log].filter((entry) => entry.seq < before).slice(-limit)
        : one[log].filter((entry) => entry.seq > after).slice(0, limit);
    return link.send([
      {
        type: 'history',
        ref,
        conversation,
        ...logOf(log),
        tail: one[log].length,
        entries: entries.map((entry) => this.#shown(link, entry)),
      },
    ]);
  }

  // ---- writing

  #send(link, { type, conversation, cseq, kind = 'text', body }, one) {
    const log = type === 'note' ? 'internal' : 'public';
    const record = this.sessions.get(link.session);
    const fail = (code, rest = {}) =>
      link.send([{ type: 'error', code, conversation, cseq, ...rest }]);
    const fault = this.options.fault({ conversation, cseq, body });
    if (fault) return fail(fault);
    if (body.length > 16_384) return fail('too_large');
    if (!record) return fail('session_expired');
    const mark = (record.marks[conversation] ??= { accepted: 0, kept: [] });
    const digest = JSON.stringify([log, kind, body]);
    if (cseq <= mark.accepted)
      return this.#again(
        link,
        one,
        log,
        mark.kept.find((kept) => kept.cseq === cseq),
        digest,
        fail,
      );
    if (cseq > mark.accepted + 1) return fail('gap', { expected: mark.accepted + 1 });
    mark.accepted = cseq;
    const refusal = !OPEN(one) ? 'closed' : body.startsWith('deny') ? 'denied' : null;
    const seq = refusal
      ? 0
      : this.#append(one, log, {
          from: link.participant.id,
          role: link.participant.role,
          origin: { session: link.session, cseq },
          kind,
          body,
        });
    mark.kept.push({ cseq, digest, seq, refusal });
    if (mark.kept.length > this.options.window) mark.kept.shift();
    this.save();
    if (refusal) return fail(refusal);
    link.own.set(`${one.id}/${log}/${seq}`, true);
    return this.#streamAll(one);
  }

  #again(link, one, log, kept, digest, fail) {
    if (!kept) return fail('duplicate');
    if (kept.digest !== digest) return fail('conflict');
    if (kept.refusal) return fail(kept.refusal);
    return link.send([
      {
        type: 'ack',
        conversation: one.id,
        ...logOf(log),
        cseq: kept.cseq,
        seq: kept.seq,
        at: one[log][kept.seq - 1].at,
      },
    ]);
  }

  #append(one, log, entry) {
    const seq = one[log].length + 1;
    const at = new Date(this.options.now()).toISOString().replace('Z', '000000Z');
    one[log].push({
      conversation: one.id,
      ...logOf(log),
      seq,
      ...(log === 'internal' && { after: one.public.length }),
      ...entry,
      at,
    });
    return seq;
  }

  #system(one, kind, body) {
    this.#append(one, 'public', { from: '', role: 'bot', kind, body });
    this.save();
    this.#streamAll(one);
  }

  // ---- conversations

  #open(link, { ref, id, department = '', subject = '' }) {
    const mine = [...this.conversations.values()].filter(
      (one) => one.visitor === link.participant.id,
    );
    let one = mine.find((each) => each.id === id || (OPEN(each) && each.department === department));
    const created = !one;
    one ??= {
      id,
      state: 'queued',
      visitor: link.participant.id,
      department,
      subject,
      agents: [],
      public: [],
      internal: [],
      opened_at: new Date(this.options.now()).toISOString(),
    };
    this.conversations.set(one.id, one);
    if (created) this.#system(one, 'opened', department);
    this.#join(one, link, ref);
    if (created) this.#toAgents(offerOf(one));
  }

  #join(one, link, ref) {
    for (const other of this.links) {
      if (other.participant?.id !== link.participant.id) continue;
      other.send([
        {
          type: 'joined',
          conversation: this.#view(other, one),
          ...(other === link && ref && { ref }),
        },
      ]);
      if (!other.positions.has(one.id)) this.#read(other, one);
    }
  }

  #accept(link, { ref, conversation: id }, one, fail) {
    if (!one || link.participant.role !== 'agent') return fail('not_found');
    if (one.agents.includes(link.participant.id)) return this.#join(one, link, ref);
    if (one.state !== 'queued') return fail('conflict');
    one.state = 'active';
    one.agents.push(link.participant.id);
    this.#toAgents({ type: 'offer_gone', conversation: id });
    this.#join(one, link, ref);
    return this.#system(one, 'assigned', link.participant.id);
  }

  #close(link, { ref }, one) {
    if (OPEN(one)) {
      const queued = one.state === 'queued';
      one.state = 'closed';
      if (queued) this.#toAgents({ type: 'offer_gone', conversation: one.id });
      this.#system(one, 'closed', link.participant.id);
    }
    link.send([{ type: 'done', ref }]);
  }

  #toAgents(frame) {
    for (const link of this.links) if (link.participant?.role === 'agent') link.send([frame]);
  }

  #tell(link, one, frame) {
    for (const other of this.links) {
      if (
        other === link ||
        !other.positions.has(one.id) ||
        other.participant.id === link.participant.id
      )
        continue;
      other.send([{ conversation: one.id, from: link.participant.id, ...frame }]);
    }
  }
}

function logOf(log) {
  return log === 'internal' ? { log } : {};
}

function offerOf({ id, visitor, department, subject, opened_at }) {
  return { type: 'offer', conversation: id, visitor, department, subject, opened_at };
}

// Acks of neighbouring sends become one.
function pushAck(frames, ack) {
  const last = frames.at(-1);
  if (
    last?.type === 'ack' &&
    last.log === ack.log &&
    last.cseq + 1 === ack.cseq &&
    last.seq + 1 === ack.seq
  ) {
    frames.pop();
    frames.push({ ...ack, count: last.count + 1 });
  } else {
    frames.push(ack);
  }
}
