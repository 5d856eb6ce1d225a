import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { RelayedResolvers, SharedResolver, type DnsNeeds, type DnsQuestion } from './dns-relay.ts';
import type { DnsAnswer } from './dns-resolver.ts';

const DNS = { respectTtl: false, servers: undefined, refreshRateMs: 5000 };
const HERE: DnsAnswer = { kind: 'resolved', addresses: ['10.0.0.1'], ttlMs: undefined };

function world() {
  const asked: string[] = [];
  let waiting: ((answer: DnsAnswer) => void)[] = [];
  const { timers } = createFakeRuntime();
  const shared = new SharedResolver(
    {
      for: ({ respectTtl }) => ({
        resolve: (name, family, answer) => {
          asked.push(`${name} ${family} ${respectTtl}`);
          waiting.push(answer);
        },
      }),
    },
    timers,
  );
  const heard: string[] = [];
  const worker = (ask = (question: DnsQuestion) => shared.resolve(structuredClone(question))) => {
    const resolvers = new RelayedResolvers(ask);
    return (name: string, dns: DnsNeeds = DNS) =>
      resolvers.for(dns).resolve(name, 'AUTO', (answer) => {
        heard.push(answer.kind === 'resolved' ? answer.addresses.join() : answer.reason);
      });
  };
  return {
    asked,
    timers,
    worker,
    answer: async (answer: DnsAnswer) => {
      for (const one of waiting.splice(0)) one(answer);
      waiting = [];
      await new Promise((resolve) => setImmediate(resolve));
      return heard.splice(0);
    },
  };
}

describe('names that several workers resolve', () => {
  it('are asked for once where they are wanted at the same time, or nearly', async () => {
    const { worker, asked, answer, timers } = world();
    const [first, second, third] = [worker(), worker(), worker()];
    first('a.test');
    second('a.test');
    assert.deepEqual(await answer(HERE), ['10.0.0.1', '10.0.0.1']);
    timers.advance(900);
    third('a.test');
    assert.deepEqual(await answer(HERE), ['10.0.0.1']);
    assert.deepEqual(asked, ['a.test AUTO false']);
    timers.advance(100);
    first('a.test');
    await answer(HERE);
    assert.equal(asked.length, 2);
  });

  it('are asked for anew after a failure, and where they are refreshed more often', async () => {
    const { worker, asked, answer, timers } = world();
    const ask = worker();
    ask('a.test');
    assert.deepEqual(await answer({ kind: 'failed', reason: 'ETIMEOUT' }), ['ETIMEOUT']);
    timers.advance(1);
    ask('a.test', { ...DNS, refreshRateMs: 100 });
    await answer(HERE);
    timers.advance(50);
    ask('a.test', { ...DNS, refreshRateMs: 100 });
    await answer(HERE);
    assert.equal(asked.length, 3);
  });

  it('are asked for by each who wants to know it otherwise', async () => {
    const { worker, asked, answer } = world();
    const ask = worker();
    ask('a.test');
    ask('b.test');
    ask('a.test', { ...DNS, respectTtl: true });
    await answer(HERE);
    assert.deepEqual(asked, ['a.test AUTO false', 'b.test AUTO false', 'a.test AUTO true']);
  });

  it('are not known where nobody can be asked', async () => {
    const { worker, answer } = world();
    worker(() => Promise.reject(new Error('the thread ended')))('a.test');
    assert.deepEqual(await answer(HERE), ['the thread ended']);
  });
});
