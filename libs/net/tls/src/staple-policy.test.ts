import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientHello } from './client-hello.ts';
import { parseOcspResponse } from './ocsp-response.ts';
import type { CertifiedContext } from './secure-context.ts';
import { stapleAction } from './staple-policy.ts';

const NOW = 1_000_000;
const asks = { extensions: [0, 5] } as unknown as ClientHello;
const context = (nextUpdateMs: number | undefined, mustStaple = false): CertifiedContext =>
  ({
    ocsp: nextUpdateMs === undefined ? undefined : { bytes: Buffer.alloc(0), nextUpdateMs },
    mustStaple,
  }) as CertifiedContext;

test('a response is stapled while it is fresh; what then depends on the policy', () => {
  const [fresh, stale, none] = [context(NOW + 1), context(NOW - 1), context(undefined)];
  const actions = (policy: Parameters<typeof stapleAction>[0]) =>
    [fresh, stale, none].map((each) => stapleAction(policy, each, asks, NOW));
  assert.deepEqual(actions('LENIENT_STAPLING'), ['staple', 'omit', 'omit']);
  assert.deepEqual(actions('STRICT_STAPLING'), ['staple', 'fail', 'omit']);
  assert.deepEqual(actions('MUST_STAPLE'), ['staple', 'fail', 'fail']);
  assert.equal(stapleAction('LENIENT_STAPLING', context(NOW - 1, true), asks, NOW), 'fail');
});

test('a client that does not ask gets none, whatever the policy', () => {
  const silent = { extensions: [0] } as unknown as ClientHello;
  assert.equal(stapleAction('MUST_STAPLE', context(NOW - 1), silent, NOW), 'not asked');
  assert.equal(stapleAction('MUST_STAPLE', context(NOW - 1), undefined, NOW), 'not asked');
});

test('what is no OCSP response is told', () => {
  assert.throws(() => parseOcspResponse(Buffer.from('no')), /no OCSP response/);
  assert.throws(() => parseOcspResponse(Buffer.from('30030a0106', 'hex')), /error response \(status 6\)/);
  assert.throws(() => parseOcspResponse(Buffer.from('30030a0100', 'hex')), /holds no response/);
});
