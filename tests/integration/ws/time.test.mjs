// A connection without hello, a token. All of it at the same time, for it takes as long as it does.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from './fixture.mjs';

const t = fixture();
const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

test('what ends by the clock', async (context) => {
  const all = {
    'a connection without hello is closed with 4006, garbage or not': async () => {
      const [silent, noisy] = [t.peer('visitor'), t.peer('visitor')];
      await Promise.all([silent.connect(), noisy.connect()]);
      for (let i = 0; i < 10; ++i) noisy.transmit('garbage');
      assert.equal((await noisy.hello({ token: 'bad' })).code, 'unauthenticated');
      for (const peer of [silent, noisy]) assert.equal((await peer.gone()).code, 4006);
    },

    'an expired token ends a connection with 4005; the session is resumed with a new one':
      async () => {
        const visitor = t.peer('visitor');
        await visitor.connect();
        const welcome = await visitor.hello({
          token: t.desk.token('visitor', visitor.id, { exp: inSeconds(1) }),
        });
        assert.equal(welcome.type, 'welcome');
        const { id } = await visitor.open();
        await visitor.say(id, 'in time');
        assert.deepEqual(await visitor.gone(), { code: 4005, reason: 'token_expired' });
        assert.equal((await visitor.resume()).conversations[0].accepted_cseq, 1);
      },

    'a renewed token keeps a connection': async () => {
      // Both would end together; one is renewed, a second and a third time before it is too late.
      const [renewed, other] = [t.peer('agent'), t.peer('agent')];
      for (const peer of [renewed, other]) {
        await peer.connect();
        await peer.hello({ token: t.desk.token('agent', peer.id, { exp: inSeconds(1) }) });
      }
      assert.equal(
        (
          await renewed.request({
            type: 'token',
            token: t.desk.token('agent', renewed.id, { exp: inSeconds(2) }),
          })
        ).type,
        'done',
      );
      assert.equal((await renewed.request({ type: 'token', token: renewed.token })).type, 'done');
      assert.equal((await other.gone()).code, 4005);
      await renewed.settle();
      assert.ok(renewed.isOpen);
    },

    'a renewal that is refused changes nothing: the old token still counts, until it ends':
      async () => {
        const peer = t.peer('agent');
        await peer.connect();
        await peer.hello({ token: t.desk.token('agent', peer.id, { exp: inSeconds(1) }) });
        assert.equal(
          (await peer.request({ type: 'token', token: t.desk.token('agent', 'somebody else') }))
            .code,
          'unauthenticated',
        );
        await peer.settle();
        assert.equal((await peer.gone()).code, 4005);
      },
  };
  await Promise.all(
    Object.entries(all).map(async ([name, run]) => {
      await run();
      context.diagnostic(name);
    }),
  );
});
