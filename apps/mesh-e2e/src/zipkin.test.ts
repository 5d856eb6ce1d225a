import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { GOLDEN_SHA256 } from './catalog-world.ts';
import { startDemo, type RunningDemo } from './demo-world.ts';
import { startZipkin, type ZipkinServer, type ZipkinSpan } from './zipkin-server.ts';

/** The gateway's call and playlists-api's side of it; nine calls of playlists-api, and videos-api's side of each. */
const SPANS_OF_A_PAGE = 2 + 2 * 9;

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
      const traces = await zipkin.traces();
      const found = traces.find((spans) => spans.some(({ tags }) => tags['http.url']?.includes('page=traced')));
      if (found !== undefined && found.length >= SPANS_OF_A_PAGE) return found;
      await pause(200);
    }
    return assert.fail('the trace never became whole');
  }
  const of = (service: string, kind: string): ZipkinSpan[] =>
    trace.filter((span) => span.localEndpoint.serviceName === service && span.kind === kind);

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
});
