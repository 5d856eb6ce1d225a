import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DecodeContext, formatFault, loadConfig } from '@weft/api-envoy';
import type { HealthCheck } from '@weft/api-envoy/gen/envoy/config/core/v3/health_check_pb';
import { HeaderMap, ResponseHeaderMap, type ClientStream, type RequestHeaderMap } from '@weft/core-http';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import type { Cluster, Host, HttpPoolCallbacks } from '@weft/proxy-filter-api';
import type { HealthCheckConfig } from './health-check.ts';
import { decodeHealthCheck } from './health-check.decode.ts';
import { HealthChecker } from './health-checker.ts';

function decode(text: string): { config: HealthCheckConfig | undefined; faults: string[] } {
  const { message, faults } = loadConfig({ text, file: 'a', typeName: 'envoy.config.core.v3.HealthCheck' });
  assert.deepEqual(faults.map(formatFault), []);
  const cx = new DecodeContext({ file: 'a', position: () => undefined });
  return { config: decodeHealthCheck(message as HealthCheck, cx), faults: cx.faults.map(formatFault) };
}

const TIMES = 'timeout: 1s, interval: 10s, unhealthy_interval: 5s, unhealthy_threshold: 2, healthy_threshold: 2';

/** A host whose answers a test gives, one check at a time. */
function world(check: string) {
  const { config, faults } = decode(`{${TIMES}, ${check}}`);
  assert.deepEqual(faults, []);
  const runtime = createFakeRuntime();
  const asked: { headers: RequestHeaderMap; body: Buffer; owner: HttpPoolCallbacks }[] = [];
  const cluster = {
    name: 'c',
    newStream: (_host: Host, _priority: string, owner: HttpPoolCallbacks) => {
      const one = { headers: undefined as unknown as RequestHeaderMap, body: Buffer.alloc(0) as Buffer, owner };
      const stream = {
        headers: (headers: RequestHeaderMap) => void (one.headers = headers),
        data: (chunk: Buffer) => {
          one.body = chunk;
          return true;
        },
        reset: () => undefined,
      };
      owner.onPoolReady(stream as unknown as ClientStream, {} as Host, {} as never);
      asked.push(one);
      return undefined;
    },
  };
  const changes: string[] = [];
  const checker = new HealthChecker({
    config: config!,
    cluster: cluster as unknown as Cluster,
    host: {} as Host,
    timers: runtime.timers,
    random: runtime.random,
    onChange: ({ health }) => changes.push(health),
  });
  checker.start();
  return {
    checker,
    asked,
    changes,
    runtime,
    /** The host answers the check that is under way; then time passes until the next. */
    answer: (status: number, more: string[] = [], waitMs?: number) => {
      asked.at(-1)!.owner.headers(new ResponseHeaderMap(status, more), true);
      const before = asked.length;
      if (waitMs !== undefined) runtime.timers.advance(waitMs);
      else while (asked.length === before) runtime.timers.advance(1000);
    },
  };
}

const HTTP =
  'http_health_check: {path: /ready, expected_statuses: [{start: 200, end: 300}], retriable_statuses: [{start: 503, end: 504}]}';

describe('a checked host', () => {
  it('is believed at its first answer, and asked again after the interval', () => {
    const { checker, answer, asked } = world(HTTP);
    assert.equal(checker.health, 'unknown');
    const { method, path, authority } = asked[0]!.headers;
    assert.deepEqual([method, path, authority], ['GET', '/ready', 'c']);
    answer(204, [], 9_999);
    assert.deepEqual([checker.health, asked.length], ['healthy', 1]);
    answer(200, [], 1);
    assert.equal(asked.length, 2);
  });

  it('is unhealthy after as many failures as the threshold says, and well after as many answers', () => {
    const { checker, answer, changes, runtime, asked } = world(HTTP);
    answer(200);
    answer(503);
    assert.equal(checker.health, 'healthy');
    answer(503, [], 4_999);
    assert.equal(checker.health, 'unhealthy');
    const before = asked.length;
    runtime.timers.advance(1);
    assert.equal(asked.length, before + 1);
    answer(200);
    assert.equal(checker.health, 'unhealthy');
    answer(200);
    assert.deepEqual(changes, ['healthy', 'unhealthy', 'healthy']);
  });

  it('is unhealthy at once where its answer is plainly wrong', () => {
    const { checker, answer } = world(HTTP);
    answer(200);
    answer(404);
    assert.equal(checker.health, 'unhealthy');
    const failing = world(HTTP);
    failing.answer(200);
    failing.answer(200, ['x-envoy-immediate-health-check-fail', 'true']);
    assert.equal(failing.checker.health, 'unhealthy');
  });

  it('may be degraded, or silent', () => {
    const { checker, answer, runtime } = world(HTTP);
    answer(200, ['x-envoy-degraded', '1']);
    assert.equal(checker.health, 'degraded');
    // The second check waits in vain, and so does the third.
    runtime.timers.advance(1_000);
    assert.equal(checker.health, 'degraded');
    runtime.timers.advance(11_000);
    assert.equal(checker.health, 'timeout');
  });

  it('is asked nothing more once its checker is closed', () => {
    const { checker, answer, asked, runtime } = world(HTTP);
    answer(200);
    checker.close();
    runtime.timers.advance(100_000);
    assert.equal(asked.length, 2);
    assert.equal(runtime.timers.pending, 0);
  });

  it('that speaks gRPC is asked for its service', () => {
    const { checker, asked } = world('grpc_health_check: {service_name: shop}');
    const { headers, body, owner } = asked[0]!;
    assert.equal(headers.path, '/grpc.health.v1.Health/Check');
    assert.deepEqual(body, Buffer.from('\0\0\0\0\x06\x0a\x04shop', 'latin1'));
    owner.headers(new ResponseHeaderMap(200), false);
    owner.data(Buffer.from([0, 0, 0, 0, 2, 8, 1]), false);
    owner.trailers(new HeaderMap(['grpc-status', '0']));
    assert.equal(checker.health, 'healthy');
    const other = world('grpc_health_check: {}');
    assert.deepEqual(other.asked[0]!.body, Buffer.alloc(5));
    other.asked[0]!.owner.headers(new ResponseHeaderMap(200), false);
    other.asked[0]!.owner.data(Buffer.from([0, 0, 0, 0, 2, 8, 2]), false);
    other.asked[0]!.owner.trailers(new HeaderMap(['grpc-status', '0']));
    assert.equal(other.checker.health, 'unhealthy');
  });
});

describe('a health check', () => {
  it('has text in hex digits', () => {
    const { config } = decode(`{${TIMES}, tcp_health_check: {send: {text: "00ff"}, receive: [{text: "AA"}]}}`);
    assert.deepEqual(config?.check, {
      kind: 'tcp',
      send: Buffer.from([0, 255]),
      receive: [Buffer.from([0xaa])],
    });
    assert.match(
      decode(`{${TIMES}, tcp_health_check: {send: {text: zz}}}`).faults.join(),
      /send: is not in hex digits/,
    );
  });
});
