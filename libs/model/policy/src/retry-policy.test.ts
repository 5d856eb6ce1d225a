import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson } from '@bufbuild/protobuf';
import { DecodeContext, registry, sourceNamed } from '@weft/api-envoy';
import type { RetryPolicy as Message } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { RequestHeaderMap } from '@weft/core-http';
import { malformedOverride, retryPolicyOf, takeOverrides } from './request-overrides.ts';
import { rateLimitedDelayMs } from './retry-decision.ts';
import { decodeRetryPolicy } from './retry-policy.decode.ts';
import { RetryOn, parseRetryOn } from './retry-policy.ts';

function decode(json: object): { policy: ReturnType<typeof decodeRetryPolicy>; cx: DecodeContext } {
  const schema = registry().getMessage('envoy.config.route.v3.RetryPolicy');
  assert.ok(schema);
  const cx = new DecodeContext(sourceNamed(''));
  return { policy: decodeRetryPolicy(fromJson(schema, json as never, { registry: registry() }) as Message, cx), cx };
}

test('an empty policy has the defaults of Envoy, and retries nothing', () => {
  const { policy } = decode({});
  assert.equal(policy.retryOn, 0);
  assert.deepEqual([policy.numRetries, policy.baseIntervalMs, policy.maxIntervalMs], [1, 25, 250]);
  assert.equal(policy.hostSelectionMaxAttempts, 1);
  assert.equal(retryPolicyOf(policy, undefined), undefined);
});

test('the longest back-off is ten times the base, unless it is set', () => {
  assert.equal(decode({ retry_back_off: { base_interval: '0.1s' } }).policy.maxIntervalMs, 1000);
  const { cx } = decode({ retry_back_off: { base_interval: '1s', max_interval: '0.5s' } });
  assert.deepEqual(
    cx.faults.map(({ path }) => path),
    ['retry_back_off.max_interval'],
  );
});

test('words of retry_on add up, and unknown ones are warned of with the nearest one', () => {
  assert.deepEqual(parseRetryOn('5xx, reset,'), { bits: RetryOn['5xx'] | RetryOn.reset, unknown: [] });
  const { cx } = decode({ retry_on: 'conect-failure' });
  assert.equal(cx.faults.length, 0);
  assert.equal(cx.warnings[0]?.suggestion, 'connect-failure');
});

test('a request adds to the policy of its route', () => {
  const headers = new RequestHeaderMap('GET', '/', 'a', [
    ...['x-envoy-retry-on', 'retriable-status-codes', 'x-envoy-max-retries', '4'],
    ...['x-envoy-retriable-status-codes', '404, 409', 'x-envoy-retriable-header-names', 'X-Again'],
  ]);
  const policy = retryPolicyOf(decode({ retry_on: 'reset' }).policy, takeOverrides(headers));
  assert.equal(policy?.retryOn, RetryOn.reset | RetryOn['retriable-status-codes']);
  assert.deepEqual([policy?.numRetries, policy?.retriableStatusCodes], [4, [404, 409]]);
  assert.equal(policy?.retriableHeaders[0]?.name, 'x-again');
  assert.deepEqual(headers.raw, []);
});

test('a malformed number asks for nothing, and can be found', () => {
  const headers = new RequestHeaderMap('GET', '/', 'a', ['x-envoy-max-retries', '1x', 'x-envoy-retry-on', '5xx,odd']);
  assert.deepEqual(malformedOverride(headers, ['x-envoy-max-retries']), { name: 'x-envoy-max-retries', value: '1x' });
  assert.deepEqual(malformedOverride(headers, ['x-envoy-retry-on']), { name: 'x-envoy-retry-on', value: '5xx,odd' });
  assert.equal(malformedOverride(headers, ['x-envoy-upstream-rq-timeout-ms']), undefined);
  assert.equal(takeOverrides(headers).maxRetries, undefined);
});

test('a rate limit names its end in seconds or as a moment, and too far an end is ignored', () => {
  const backOff = {
    headers: [
      { name: 'retry-after', format: 'seconds' },
      { name: 'x-reset', format: 'unix_timestamp' },
    ],
    maxIntervalMs: 60_000,
  } as const;
  const delay = (...raw: string[]) => rateLimitedDelayMs(backOff, new RequestHeaderMap('GET', '/', '', raw), 1_000_500);
  assert.equal(delay('retry-after', '5'), 5000);
  assert.equal(delay('x-reset', '1003'), 2500);
  assert.equal(delay('retry-after', '61', 'x-reset', '1003'), 2500);
  assert.equal(delay('retry-after', 'soon'), undefined);
  assert.equal(delay('x-reset', '900'), undefined);
});
