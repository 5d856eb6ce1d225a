import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { GOLDEN_SHA256 } from './catalog-world.ts';
import { startDemo, type RunningDemo } from './demo-world.ts';
import { startZipkin, type ZipkinDependency, type ZipkinServer, type ZipkinSpan } from './zipkin-server.ts';

/** The gateway's call and playlists-api's side of it; nine calls of playlists-api, and videos-api's side of each. */
const SPANS_OF_A_PAGE = 2 + 2 * 9;

/** The cluster of a Redis, by which its callers' spans name it. */
const redisOf = (database: string): string => `outbound|6379||${database}.default.svc.cluster.local`;

describe('a page load, in a real Zipkin', () => {
  let zipkin: ZipkinServer;
  let demo: RunningDemo;
  let trace: ZipkinSpan[];

  before(async () => {
    zipkin = await startZipkin();
    demo = await startDemo(['--zipkin', zipkin.url]);
    const body = await (await fetch(`http://127.0.0.1:${demo.gatewayPort}/api/playlists?page=traced`)).text();
    assert.equal(createHash('sha256').update(body).digest('hex'), GOLDEN_SHA256);
    trace = await wholeTrace();
  });
  after(async () => {
    await demo?.end();
    await zipkin?.stop();
  });

  /** Proxies report every five spans or five seconds, so the trace is asked for until it is whole. */
  async function wholeTrace(): Promise<ZipkinSpan[]> {
    for (let tries = 0; tries < 100; tries += 1) {
      const traces = await zipkin.traces('gateway.default');
      const found = traces.find((spans) => spans.some(({ tags }) => tags['http.url']?.includes('page=traced')));
      if (found !== undefined && found.length >= SPANS_OF_A_PAGE) return found;
      await pause(200);
    }
    return assert.fail('the trace never became whole');
  }
  /** The edge of Zipkin's graph between two services, once there is one. */
  async function edge(parent: string, child: string): Promise<ZipkinDependency> {
    for (let tries = 0; tries < 100; tries += 1) {
      const found = (await zipkin.dependencies()).find((one) => one.parent === parent && one.child === child);
      if (found !== undefined) return found;
      await pause(200);
    }
    return assert.fail(`${parent} never called ${child}`);
  }
  const of = (service: string, kind: string): ZipkinSpan[] =>
    trace.filter((span) => span.localEndpoint.serviceName === `${service}.default` && span.kind === kind);

  it('is one trace with every hop in it', () => {
    assert.equal(new Set(trace.map(({ traceId }) => traceId)).size, 1);
    assert.deepEqual(
      [
        of('gateway', 'CLIENT'),
        of('playlists-api', 'SERVER'),
        of('playlists-api', 'CLIENT'),
        of('videos-api', 'SERVER'),
      ].map((spans) => spans.length),
      [1, 1, 9, 9],
    );
    assert.equal(trace.length, SPANS_OF_A_PAGE);
  });

  it('has the right parents: the gateway, playlists-api under it, nine calls under that', () => {
    const [root] = of('gateway', 'CLIENT');
    const [served] = of('playlists-api', 'SERVER');
    assert.equal(root?.parentId, undefined);
    assert.equal(served?.id, root?.id);
    const calls = of('playlists-api', 'CLIENT');
    for (const call of calls) assert.equal(call.parentId, served?.id);
    assert.equal(new Set(calls.map(({ id }) => id)).size, 9);
    // Each call's other half has its id: one span, seen from both sides.
    assert.deepEqual(of('videos-api', 'SERVER').map(({ id }) => id).sort(), calls.map(({ id }) => id).sort()); // prettier-ignore
  });

  it('carries one request id from the gateway to the last call', () => {
    const ids = new Set(trace.map(({ tags }) => tags['guid:x-request-id']));
    assert.equal(ids.size, 1);
    assert.match([...ids][0] ?? '', /^[0-9a-f-]{36}$/);
  });

  it('says of every hop what it was and how it ended', () => {
    for (const { tags } of trace) {
      assert.equal(tags['component'], 'proxy');
      assert.equal(tags['http.method'], 'GET');
      assert.equal(tags['http.status_code'], '200');
    }
  });

  it('has the two Redis in the graph of services, each called by the one that it belongs to', async () => {
    for (const [parent, child] of [
      ['playlists-api', 'playlists-db'],
      ['videos-api', 'videos-db'],
    ] as const) {
      const { callCount, errorCount = 0 } = await edge(`${parent}.default`, redisOf(child));
      assert.ok(callCount >= 1);
      assert.equal(errorCount, 0);
    }
  });

  it('has no Redis in its own trace: commands are traces of a single client span, without their keys', async () => {
    for (const [service, database] of [
      ['playlists-api', 'playlists-db'],
      ['videos-api', 'videos-db'],
    ] as const) {
      const traces = await zipkin.traces(`${service}.default`);
      const commands = traces.filter((spans) => spans.some(({ tags }) => tags['db.system'] === 'redis'));
      assert.ok(commands.length >= 1);
      for (const spans of commands) {
        const [span] = spans as [ZipkinSpan];
        assert.equal(spans.length, 1);
        assert.deepEqual(
          [span.kind, span.parentId, span.remoteEndpoint?.serviceName],
          ['CLIENT', undefined, redisOf(database)],
        );
        assert.equal(span.name, `redis ${span.tags['db.operation']}`);
        assert.deepEqual(Object.keys(span.tags).sort(), [
          'component', 'db.operation', 'db.system', 'peer.address', 'upstream_cluster',
        ]); // prettier-ignore
      }
      assert.ok(commands.some(([span]) => span?.name === 'redis get'));
    }
  });
});
