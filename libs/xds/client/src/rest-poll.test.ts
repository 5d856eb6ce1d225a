import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import type { ConfigSource } from '@weft/model-config-source';
import type { HttpFetch } from './rest-poll.ts';
import { Subscriptions } from './subscriptions.ts';
import { CLUSTER, ENDPOINTS, Watcher } from './world.testing.ts';

const SOURCE: ConfigSource = {
  kind: 'api',
  apiType: 'REST',
  grpcServices: [],
  clusterNames: ['rest'],
  refreshDelayMs: 1000,
  requestTimeoutMs: 700,
  setNodeOnFirstMessageOnly: false,
  rateLimit: undefined,
  initialFetchTimeoutMs: 15_000,
};

type Answer = { status: number; body: string } | Error;

function createWorld() {
  const runtime = createFakeRuntime([500]);
  const stats = createNullScope();
  const asked: { cluster: string; path: string; body: Record<string, unknown>; timeoutMs: number }[] = [];
  const answers: Answer[] = [];
  const http: HttpFetch = {
    post: (cluster, path, body, timeoutMs) => {
      asked.push({ cluster, path, body: JSON.parse(body) as Record<string, unknown>, timeoutMs });
      const answer = answers.shift() ?? { status: 304, body: '' };
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const subscriptions = new Subscriptions({
    node: { id: 'n', cluster: 'c', locality: undefined, metadata: undefined, version: 'dev' },
    ads: undefined,
    channels: () => assert.fail('no stream is wanted'),
    http,
    runtime,
    stats,
  });
  const subscribe = (typeName: string, names: readonly string[] | 'wildcard') => {
    const watcher = new Watcher();
    const subscription = subscriptions.subscribe({ source: SOURCE, typeName, names, stats, watcher });
    void subscription.start();
    return { watcher, subscription };
  };
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const count = (name: string): number => stats.counter(name).value;
  return { runtime, asked, answers, subscriptions, subscribe, settle, count };
}

const clusters = (version: string, ...names: string[]): Answer => ({
  status: 200,
  body: JSON.stringify({
    version_info: version,
    resources: names.map((name) => ({ '@type': `type.googleapis.com/${CLUSTER}`, name })),
  }),
});

describe('polling', () => {
  it('asks with the node and the last version, again after the delay and up to as much more', async () => {
    const { runtime, asked, answers, subscribe, settle } = createWorld();
    answers.push(clusters('1', 'a', 'b'));
    const { watcher } = subscribe(CLUSTER, 'wildcard');
    await settle();
    assert.deepEqual([asked[0]?.cluster, asked[0]?.path, asked[0]?.timeoutMs], ['rest', '/v3/discovery:clusters', 700]);
    assert.equal((asked[0]?.body['node'] as { id: string }).id, 'n');
    assert.equal((asked[0]?.body['node'] as { user_agent_version: string }).user_agent_version, 'dev');
    assert.deepEqual(watcher.next(), ['1: +a,b -']);
    runtime.timers.advance(1499);
    await settle();
    assert.equal(asked.length, 1);
    answers.push(clusters('2', 'a'));
    runtime.timers.advance(1);
    await settle();
    assert.equal(asked[1]?.body['version_info'], '1');
    assert.deepEqual(watcher.next(), ['2: + -b']);
  });

  it('keeps what it has while nothing new, nothing or nonsense is answered', async () => {
    const { runtime, answers, subscribe, settle, count } = createWorld();
    const wrong = { status: 200, body: '{"resources": [{"nme": 1}]}' };
    answers.push(
      clusters('1', 'a'),
      { status: 304, body: '' },
      { status: 503, body: '' },
      new Error('too late'),
      wrong,
    );
    const { watcher } = subscribe(CLUSTER, 'wildcard');
    for (let i = 0; i < 5; i += 1) {
      await settle();
      runtime.timers.advance(1500);
    }
    await settle();
    assert.deepEqual([...watcher.force.keys()], ['a']);
    assert.deepEqual([count('update_success'), count('update_failure'), count('update_rejected')], [1, 2, 1]);
    assert.match(runtime.logged.join(''), /answered 503.*did not answer: too late.*was refused:\n.*has no "@type"/s);
  });

  it('asks at once for names that are new, and no more once nobody wants any', async () => {
    const { runtime, asked, subscribe, settle } = createWorld();
    const first = subscribe(ENDPOINTS, ['a']);
    await settle();
    const second = subscribe(ENDPOINTS, ['b']);
    await settle();
    assert.deepEqual(
      asked.map(({ body }) => body['resource_names']),
      [['a'], ['a', 'b']],
    );
    first.subscription.close();
    second.subscription.close();
    runtime.timers.advance(10_000);
    await settle();
    assert.equal(asked.length, 2);
    assert.equal(runtime.timers.pending, 0);
  });
});
