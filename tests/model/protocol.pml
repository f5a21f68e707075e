/* kefu.v1 between one client, two hubs and one store: sessions, epochs, fencing, sends and acks, the
 * reader's position, expiry. README.md says what of the code each name stands for, and what is left
 * out.
 *
 * The client sends the messages 1 … N, in that order. Whatever fails, FAULTS times in all: each
 * message becomes exactly one entry or one refusal, entries keep the order, an older connection
 * stores nothing, every entry is delivered once and in order; and when nothing fails any more,
 * everything drains.
 */

#ifndef N
#define N 3         /* messages of the client */
#endif
#ifndef W
#define W 2         /* limits::window */
#endif
#ifndef OTHERS
#define OTHERS 1    /* entries that somebody else writes */
#endif
#ifndef FAULTS
#define FAULTS 2    /* how often anything fails */
#endif
#ifndef REPLAY
#define REPLAY 9    /* limits::replay_limit */
#endif
#ifndef REFUSED
#define REFUSED 0   /* this message is denied: that consumes its number */
#endif
#ifndef BAD
#define BAD 0       /* this message is too large: that consumes no number */
#endif

#define CONNS 2     /* links that exist at a time, each on one of two nodes */
#define SESSIONS 4  /* that a client may open one after the other */
#define DOWN 2      /* frames on the way to the client */
#define UP (W + 2)  /* frames on the way to the hub: a window of sends, a history, a hello */
#define LAST (N + OTHERS + 1)

/* Which faults there are; a run may leave some out. */
#ifndef NO_CUT
#define CUT 1
#endif
#ifndef NO_CRASH
#define CRASH 1
#endif
#ifndef NO_EXPIRY
#define EXPIRY 1
#endif
#ifndef NO_STORE_ERROR
#define STORE_ERROR 1
#endif

mtype = { hello, send, history };
mtype = { welcome, expired, ack, denied, too_large, unavailable, gap, duplicate, entry, reset, page };
mtype = { stored, fenced };
mtype = { off, greeting, joining, attached };

byte faults = FAULTS;

/* ---- the store: what survives everything */

byte tail;                     /* of the conversation's log */
byte body[LAST + 1];           /* by seq: which message; 0: somebody else's */
byte origin_session[LAST + 1];
byte origin_cseq[LAST + 1];
byte epoch_of[SESSIONS + 1];   /* by session; 0: there is no such session */
byte accepted_of[SESSIONS + 1];
byte minted;                   /* sessions made so far */
#define SENT(session, cseq) ((session) * (N + 1) + (cseq))
byte sent_body[SENT(SESSIONS + 1, 0)];  /* the outcomes: of which message … */
byte sent_seq[SENT(SESSIONS + 1, 0)];   /* … and which entry; 0: refused */

/* ---- the links, and the hub's end of each */

chan up[CONNS] = [UP] of { mtype, byte, byte, byte };
chan down[CONNS] = [DOWN] of { mtype, byte, byte };
bool held[CONNS];              /* the client holds on to it */
bool served[CONNS];            /* the hub does */
mtype at[CONNS] = greeting;    /* core::Session::State */
byte of_session[CONNS];
byte of_epoch[CONNS];
byte reader[CONNS];            /* core::Reader::position */
byte joined_with[CONNS];       /* accepted_cseq as attached */
chan drafts[CONNS] = [W] of { byte, byte, byte, byte };     /* epoch, session, cseq, message */
chan outcomes[CONNS] = [W] of { mtype, byte, byte };        /* what, cseq, seq or expected */
#ifdef TWO_NODES                 /* each link is on a node of its own */
byte known[CONNS];             /* how far that node knows the log to reach */
byte hint[CONNS];              /* the tail that is on its way there over the bus; 0: none is */
#define KNOWN(c) known[c]
#define TELL(c) hint[c] = (served[c] && tail > known[c] -> tail : hint[c])
#else
#define KNOWN(c) tail
#define TELL(c) skip
#endif
#ifdef MUTANT_FENCE_LOCAL
byte node[CONNS];              /* on which of two nodes */
byte local_epoch[2];           /* the highest that was attached on this node */
#endif

/* ---- the client, core::ClientSession */

mtype state = off;
byte link;                     /* of CONNS */
byte session;
byte epoch;
byte position;                 /* ClientLog: every entry up to here was delivered */
byte searched;
byte target;
bool by_history;
bool fetching;
byte accepted;                 /* PendingSends */
byte expected;
bool recovering;
byte in_flight;                /* a bit for each cseq */
byte flying;                   /* how many of them are set */
bool settled[N + 1];
byte cseq_of[N + 1];           /* of each message; 0: not numbered */
byte session_of[N + 1];
#ifdef RESTART
byte disk_session, disk_epoch, disk_position, disk_searched, disk_accepted;
bool disk_settled[N + 1];
byte disk_cseq[N + 1], disk_session_of[N + 1];
#endif

/* ---- what only the promises look at */

byte seen;                     /* the last entry that was delivered, or that a reset told to skip */
byte last_own;                 /* the last message of the client that was stored */

#define FREE(c) (!held[c] && !served[c] && len(drafts[c]) == 0)
#define BIT(k) (1 << (k))
#define PENDING(m) (!settled[m])
#define NUMBERED(m) (PENDING(m) && cseq_of[m] != 0)
#define FOREIGN(m) (NUMBERED(m) && session_of[m] != session)

bool drained;

/* ------------------------------------------------------------------ the client */

inline persist() {
#ifdef RESTART
  disk_session = session; disk_epoch = epoch; disk_position = position; disk_searched = searched;
  disk_accepted = accepted;
  for (i : 1 .. N) {
    disk_settled[i] = settled[i];
    disk_cseq[i] = cseq_of[i];
    disk_session_of[i] = session_of[i];
  }
#else
  skip
#endif
}

inline look_at_sends() {
  foreign = false; numbered = false;
  for (i : 1 .. N) {
    foreign = foreign || FOREIGN(i);
    numbered = numbered || NUMBERED(i);
  }
  if
  :: !numbered -> searched = position   /* ClientConversation::forget_settled */
  :: else
  fi
}

inline settle(m) {
  settled[m] = true;
  cseq_of[m] = 0;
  session_of[m] = 0
}

inline answered(k) {
  if
  :: in_flight & BIT(k) -> in_flight = in_flight & ~BIT(k); flying--
  :: else
  fi
}

/* PendingSends::on_outcome: the message it is about in `m`, or 0. */
inline take_outcome(k) {
  answered(k);
  accepted = (k > accepted -> k : accepted);
  if
  :: expected != 0 && k >= expected -> expected = 0
  :: else
  fi;
  m = 0;
  for (i : 1 .. N) {
    if
    :: PENDING(i) && cseq_of[i] == k && session_of[i] == session -> m = i
    :: else
    fi
  }
}

inline deliver(q) {
  assert(q == seen + 1);                /* promise 4: once, in order, nothing left out */
  seen = q;
  position = q
}

/* ClientSession::match: the log says that a pending send was stored. */
inline match(q) {
  if
  :: origin_session[q] == session && session != 0 ->
     accepted = (origin_cseq[q] > accepted -> origin_cseq[q] : accepted)
  :: else
  fi;
  for (i : 1 .. N) {
    if
    :: NUMBERED(i) && session_of[i] == origin_session[q] && cseq_of[i] == origin_cseq[q] ->
       assert(body[q] == i);
       settle(i)
    :: else
    fi
  }
}

inline say_hello() {
  epoch++;
  state = greeting;
#ifdef MUTANT_RESUME_OFF_BY_ONE
  if
  :: position > 0 && position < tail -> position++
  :: else
  fi;
#endif
  persist();
  assert(nfull(up[link]));
  up[link]!hello(session, epoch, position)
}

/* PendingSends::recover */
inline recover() {
  recovering = false;
  if
  :: expected != 0 -> accepted = expected - 1; expected = 0
  :: else
  fi;
  k = accepted + 1;
  for (i : 1 .. N) {
    if
    :: NUMBERED(i) && cseq_of[i] > accepted ->
       if
       :: cseq_of[i] != k -> cseq_of[i] = k; changed = true
       :: else
       fi;
       k++
    :: else
    fi
  }
}

/* PendingSends::due */
inline transmit_due() {
  changed = false;
  if
  :: foreign || (recovering && flying > 0)
  :: else ->
     if
     :: recovering -> recover()
     :: else
     fi;
     k = accepted;
     m = 0;
     for (i : 1 .. N) {
       if
       :: PENDING(i) && flying < W ->
          if
          :: m == 0 -> m = (cseq_of[i] == 0 -> k + 1 : cseq_of[i])
          :: else
          fi;
#ifndef MUTANT_WINDOW_BY_COUNT
          if
          :: (cseq_of[i] == 0 -> k + 1 : cseq_of[i]) >= m + W -> break
          :: else
          fi;
#endif
          if
          :: cseq_of[i] == 0 -> cseq_of[i] = k + 1; session_of[i] = session; changed = true
          :: else
          fi;
          k = (cseq_of[i] > k -> cseq_of[i] : k);
          if
          :: in_flight & BIT(cseq_of[i])
          :: else ->
             in_flight = in_flight | BIT(cseq_of[i]);
             flying++;
             assert(nfull(up[link]));
             up[link]!send(cseq_of[i], i, 0)
          fi
       :: else
       fi
     }
#ifndef MUTANT_PERSIST_LATE
     if
     :: changed -> persist()
     :: else
     fi
#endif
  fi
}

/* ClientSession::pump, after every event */
inline pump() {
  if
  :: state == attached ->
     look_at_sends();
     if
#ifdef MUTANT_NO_SEARCH
     :: foreign ->
#else
     :: foreign && searched >= target ->
#endif
        for (i : 1 .. N) {              /* PendingSends::adopt: they were never stored */
          if
          :: FOREIGN(i) -> cseq_of[i] = 0; session_of[i] = 0
          :: else
          fi
        };
        look_at_sends()
     :: else
     fi;
     if
     :: by_history && !fetching && searched < target ->
        fetching = true;
        assert(nfull(up[link]));
        up[link]!history(searched, 0, 0)
     :: else
     fi;
     transmit_due()
  :: else
  fi;
  drained = true;
  for (i : 1 .. N) {
    drained = drained && settled[i]
  };
  foreign = false; numbered = false; changed = false; m = 0; i = 0; k = 0
}

inline forget_link() {
  held[link] = false;
  do
  :: nempty(down[link]) -> down[link]?_, _, _
  :: empty(down[link]) -> break
  od;
  state = off;
#ifndef MUTANT_NO_RESEND
  in_flight = 0; flying = 0;
#endif
  expected = 0; recovering = false; fetching = false; by_history = false;
  target = 0;
  link = 0
}

inline on_welcome(s, t) {
  state = attached;
  if
  :: s == session -> accepted = (joined_with[link] > accepted -> joined_with[link] : accepted)
  :: else -> accepted = joined_with[link]
  fi;
  session = s;
  recovering = true;
  look_at_sends();
  target = t;
  by_history = foreign && searched < position;
  persist()
}

/* ClientLog::on_entry, of the stream */
inline on_entry(q) {
  if
  :: q <= position
  :: q > position ->
     assert(q == position + 1);         /* a hole in the stream */
     if
     :: searched == position -> searched = q
     :: else
     fi;
     deliver(q)
  fi
}

inline on_reset(t) {
  seen = (t > seen -> t : seen);        /* it is told: what is between is not delivered */
  position = (t > position -> t : position);
  look_at_sends();
  by_history = by_history || (foreign && searched < position)
}

inline on_page(after, t) {
  fetching = false;
  q = after + 1;
  do
  :: q <= t ->
     match(q);
     if
     :: q == searched + 1 -> searched = q
     :: else
     fi;
     if
     :: q == position + 1 -> deliver(q)
     :: else
     fi;
     q++
  :: q > t -> break
  od;
  target = (t < target -> t : target);
  by_history = by_history && searched < target;
  q = 0
}

proctype Client() {
  byte a, b, i, k, m, q;
  bool foreign, numbered, changed;
  pid c;

end:
  do
  /* ---- a link */
  :: atomic {                           /* links are alike: it takes the first that is free */
       state == off && !(drained && position == tail) && (FREE(0) || FREE(1)) ->
       link = (FREE(0) -> 0 : 1);
#ifdef MUTANT_FENCE_LOCAL
       if
       :: node[link] = 0
       :: node[link] = 1
       fi;
#endif
       d_step {
         do
         :: nempty(up[link]) -> up[link]?_, _, _, _
         :: nempty(down[link]) -> down[link]?_, _, _
         :: empty(up[link]) && empty(down[link]) -> break
         od;
         at[link] = greeting; of_session[link] = 0; of_epoch[link] = 0; reader[link] = 0;
         held[link] = true; served[link] = true;
         say_hello();
         i = 0
       }
     }
#ifdef CUT
  :: d_step {                           /* it gives up waiting, or the link breaks */
       faults > 0 && state != off ->
       faults--;
       forget_link()
     }
#endif
#ifdef RESTART
  :: d_step {                           /* the client dies, and starts with what it had saved */
       faults > 0 ->
       faults--;
       if
       :: state != off -> forget_link()
       :: else
       fi;
       session = disk_session; epoch = disk_epoch; position = disk_position;
       searched = disk_searched; accepted = disk_accepted;
       seen = position;
       for (i : 1 .. N) {
         settled[i] = disk_settled[i];
         cseq_of[i] = disk_cseq[i];
         session_of[i] = disk_session_of[i]
       };
       drained = true;
       for (i : 1 .. N) {
         drained = drained && settled[i]
       };
       i = 0
     }
#endif
  :: d_step {                           /* what was under way to it is lost, or was read before */
       state != off && !served[link] ->
       forget_link()
     }

  /* ---- frames */
  :: d_step {
       state == greeting && down[link]?[welcome] ->
       down[link]?welcome(a, b);
       on_welcome(a, b);
       pump(); a = 0; b = 0
     }
  :: d_step {
       state == greeting && down[link]?[expired] ->
       down[link]?expired(a, b);
       session = 0;
       say_hello();
       i = 0; a = 0; b = 0
     }
  :: d_step {
       state == attached && down[link]?[entry] ->
       down[link]?entry(q, b);
       match(q);
       on_entry(q);
       pump(); q = 0; b = 0
     }
  :: d_step {
       state == attached && down[link]?[ack] ->
       down[link]?ack(a, q);
       take_outcome(a);
       if
       :: m != 0 ->
          assert(q <= tail && body[q] == m);  /* promise 1: what is acknowledged is stored */
          settle(m);
          if
          :: q == position + 1 -> on_entry(q)
          :: else
          fi
       :: else
       fi;
       pump(); a = 0; q = 0
     }
  :: d_step {
       state == attached && down[link]?[denied] ->
       down[link]?denied(a, b);
       take_outcome(a);
       if
       :: m != 0 -> assert(m == REFUSED); settle(m)
       :: else
       fi;
       pump(); a = 0; b = 0
     }
  :: d_step {
       state == attached && down[link]?[duplicate] ->
       down[link]?duplicate(a, b);
       take_outcome(a);
       assert(m == 0);                  /* the outcomes of pending sends are kept */
       pump(); a = 0; b = 0
     }
  :: d_step {
       state == attached && down[link]?[too_large] ->
       down[link]?too_large(a, b);
       answered(a);                     /* PendingSends::on_failed */
       recovering = true;
       for (i : 1 .. N) {
         if
         :: PENDING(i) && cseq_of[i] == a && session_of[i] == session ->
            assert(i == BAD);
            settle(i)
         :: else
         fi
       };
       pump(); a = 0; b = 0
     }
  :: d_step {
       state == attached && down[link]?[unavailable] ->
       down[link]?unavailable(a, b);
       answered(a);
       recovering = true;
       pump(); a = 0; b = 0
     }
  :: d_step {
       state == attached && down[link]?[gap] ->
       down[link]?gap(a, b);
       answered(a);
       recovering = true;
       expected = b;
       pump(); a = 0; b = 0
     }
  :: d_step {
       state == attached && down[link]?[reset] ->
       down[link]?reset(a, b);
       on_reset(a);
       pump(); a = 0; b = 0
     }
  :: d_step {
       state == attached && down[link]?[page] ->
       down[link]?page(a, b);
       on_page(a, b);
       pump(); a = 0; b = 0
     }
  od
}

/* ------------------------------------------------------------------ the hub's end of a link */

inline put(message, s, k) {
  tail++;
  body[tail] = message;
  origin_session[tail] = s;
  origin_cseq[tail] = k;
  if
  :: message != 0 ->
     assert(message > last_own);        /* promises 2 and 3: once, and in the order of submission */
     last_own = message
  :: else
  fi
}

/* core::judge, in the store's transaction. Leaves the outcome in `what` and `out`. */
inline judge(e, s, k, message) {
  out = 0;
  if
  :: epoch_of[s] == 0 -> what = expired
#ifdef MUTANT_FENCE_LOCAL
  :: epoch_of[s] != 0 && local_epoch[node[c]] > e -> what = fenced
  :: epoch_of[s] != 0 && local_epoch[node[c]] <= e ->
#else
#ifdef MUTANT_NO_FENCE
  :: epoch_of[s] != 0 ->
#else
  :: epoch_of[s] != 0 && epoch_of[s] != e -> what = fenced
  :: epoch_of[s] == e ->
#endif
#endif
     if
     :: k > accepted_of[s] + 1 -> what = gap; out = accepted_of[s] + 1
#ifdef MUTANT_NO_DEDUP
     :: k <= accepted_of[s] -> what = stored; put(message, s, k); out = tail
#else
     :: k <= accepted_of[s] && accepted_of[s] - k >= W -> what = duplicate
     :: k <= accepted_of[s] && accepted_of[s] - k < W ->
        assert(sent_body[SENT(s, k)] == message);  /* a lone client never meets `conflict` */
        out = sent_seq[SENT(s, k)];
        what = (out == 0 -> denied : stored)
#endif
     :: k == accepted_of[s] + 1 ->
        assert(epoch_of[s] == e);       /* promise 6: an older connection stores nothing */
        accepted_of[s] = k;
        if
        :: message == REFUSED -> what = denied
        :: else -> what = stored; put(message, s, k); out = tail
        fi;
        sent_body[SENT(s, k)] = message;
        sent_seq[SENT(s, k)] = out
     fi
  fi
}

/* The outcome finds its connection, if that is still the one that asked. */
inline complete(e) {
  if
  :: what == stored -> TELL(1 - c)
  :: else
  fi;
  if
  :: served[c] && at[c] == attached && of_epoch[c] == e -> outcomes[c]!what, k, out
  :: else
  fi;
  what = 0; out = 0; e = 0; s = 0; k = 0; message = 0
}

inline end_serving() {
  served[c] = false;
  do
  :: nempty(outcomes[c]) -> outcomes[c]?_, _, _
  :: empty(outcomes[c]) -> break
  od;
  do
  :: nempty(up[c]) -> up[c]?_, _, _, _
  :: empty(up[c]) -> break
  od;
  at[c] = greeting; of_session[c] = 0; of_epoch[c] = 0; reader[c] = 0;
#ifdef TWO_NODES
  known[c] = 0; hint[c] = 0
#endif
}

proctype Connection(byte c) {
  byte e, s, k, message, out;
  mtype what;

end:
  do
  /* ---- hello: Store::attach is one transaction; the welcome comes later */
  :: d_step {
       served[c] && at[c] == greeting && up[c]?[hello] && nfull(down[c]) ->
       up[c]?hello(s, e, k);
       if
       :: s != 0 && epoch_of[s] == 0 -> down[c]!expired(0, 0)
       :: s != 0 && epoch_of[s] >= e -> assert(!held[c])  /* stale_epoch: an old hello, come late */
       :: else ->
          if
          :: s == 0 -> minted++; s = minted; accepted_of[s] = 0
          :: else
          fi;
          epoch_of[s] = e;
          of_session[c] = s; of_epoch[c] = e; reader[c] = k; joined_with[c] = accepted_of[s];
#ifdef TWO_NODES
          known[c] = tail;
#endif
          at[c] = joining
       fi;
#ifdef MUTANT_FENCE_LOCAL
       local_epoch[node[c]] = e;
#endif
       e = 0; s = 0; k = 0
     }
  :: d_step {
       served[c] && at[c] == joining && nfull(down[c]) ->
       down[c]!welcome(of_session[c], tail);
       at[c] = attached
     }

  /* ---- a send becomes a draft, the draft an outcome, the outcome an answer */
  :: d_step {
       served[c] && at[c] == attached && up[c]?[send] && nfull(drafts[c]) && nfull(outcomes[c]) &&
       len(drafts[c]) + len(outcomes[c]) < W ->
       up[c]?send(k, message, _);
       if
       :: message == BAD -> outcomes[c]!too_large(k, 0)
       :: else ->
          drafts[c]!of_epoch[c], of_session[c], k, message;
#ifdef MUTANT_ACK_BEFORE_COMMIT
          outcomes[c]!stored(k, tail + len(drafts[c]))
#endif
       fi;
       k = 0; message = 0
     }
  :: d_step {
       nempty(drafts[c]) ->
       drafts[c]?e, s, k, message;
       judge(e, s, k, message);
#ifdef MUTANT_ACK_BEFORE_COMMIT
       what = 0; out = 0; e = 0; s = 0; k = 0; message = 0
#else
       complete(e)
#endif
     }
#ifdef STORE_ERROR
  :: d_step {                           /* unavailable: nothing was stored */
       faults > 0 && nempty(drafts[c]) ->
       faults--;
       drafts[c]?e, s, k, message;
       what = unavailable;
       complete(e)
     }
  :: d_step {                           /* timed_out: it may have been */
       faults > 0 && nempty(drafts[c]) ->
       faults--;
       drafts[c]?e, s, k, message;
       judge(e, s, k, message);
       what = unavailable; out = 0;
       complete(e)
     }
#endif
  :: d_step {
       served[c] && nempty(outcomes[c]) && nfull(down[c]) ->
       outcomes[c]?what, k, out;
       if
       :: what == stored ->
          down[c]!ack(k, out);
          reader[c] = (out == reader[c] + 1 -> out : reader[c]);
#ifdef TWO_NODES
          known[c] = (out > known[c] -> out : known[c])
#endif
       :: what == fenced || what == expired -> end_serving()
       :: else -> down[c]!what(k, out)
       fi;
       what = 0; k = 0; out = 0
     }

  /* ---- core::Reader: live entries and pages are the same to the client */
  :: d_step {
       served[c] && at[c] == attached && reader[c] < KNOWN(c) && nfull(down[c]) ->
#ifdef TWO_NODES
       known[c] = tail;                 /* a page says it */
#endif
       if
       :: tail - reader[c] > REPLAY -> reader[c] = tail; down[c]!reset(tail, 0)
       :: else -> reader[c]++; down[c]!entry(reader[c], 0)
       fi
     }
  :: d_step {
       served[c] && at[c] == attached && up[c]?[history] && nfull(down[c]) ->
       up[c]?history(k, _, _);
       down[c]!page(k, tail);
       k = 0
     }

#ifdef TWO_NODES
  /* ---- what the other node has stored: Home::on_tails, core::TailWatch */
  :: d_step {
       hint[c] != 0 && at[c] == attached ->
#ifdef MUTANT_BUS_TRUSTED
       reader[c] = (hint[c] > reader[c] + 1 -> hint[c] - 1 : reader[c]);
#endif
       known[c] = (hint[c] > known[c] -> hint[c] : known[c]);
       hint[c] = 0
     }
  :: d_step { hint[c] != 0 -> hint[c] = 0 }  /* it is lost */
#ifndef MUTANT_NO_TAIL_CHECK
  :: d_step { at[c] == attached && known[c] < tail -> known[c] = tail }
#endif
#endif

  /* ---- ends */
  :: d_step {                           /* it finds out that the client has gone */
       served[c] && !held[c] ->
       end_serving()
     }
  :: d_step {                           /* mail::Fence on this node, Store::renew across nodes */
       served[c] && of_session[c] != 0 && epoch_of[of_session[c]] != of_epoch[c] ->
       end_serving()
     }
#ifdef CRASH
  :: d_step {                           /* kill -9, before the store has got anything … */
       faults > 0 && served[c] ->
       faults--;
       end_serving();
       do
       :: nempty(drafts[c]) -> drafts[c]?_, _, _, _
       :: empty(drafts[c]) -> break
       od;
       e = 0                            /* spin 6.5 can't end a d_step on a loop */
     }
  :: d_step {                           /* … or with all of it under way */
       faults > 0 && served[c] && nempty(drafts[c]) ->
       faults--;
       end_serving()
     }
#endif
  od
}

/* ------------------------------------------------------------------ the rest of the world */

#define IN_USE(c, s) (served[c] && of_session[c] == (s) && of_epoch[c] == epoch_of[s])

proctype World() {
  byte written;
end:
  do
  :: d_step { written < OTHERS -> written++; put(0, 0, 0); TELL(0); TELL(1) }
#ifdef EXPIRY
  :: d_step {                           /* Store::expire: record and marks in one commit */
       faults > 0 && minted > 0 && epoch_of[minted] != 0 && !IN_USE(0, minted) &&
       !IN_USE(1, minted) ->
       faults--;
#ifndef MUTANT_EXPIRY_FORGETS_MARKS
       epoch_of[minted] = 0;
#endif
       accepted_of[minted] = 0
     }
#endif
  od
}

init {
  atomic {
    run Client();
    run Connection(0);
    run Connection(1);
    run World()
  }
}

/* Safety is in the assertions. This is liveness: on every path, everything drains for good. It needs
 * no fairness: faults are counted, and nothing else can go on for ever. */
ltl drains { <> [] (drained && position == tail) }
