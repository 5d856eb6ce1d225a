import type { HeaderMap } from '@weft/core-http';
import { HeaderMatcher } from '@weft/model-match';
import { DEFAULT_RETRY_POLICY, parseRetryOn, type RetryPolicy } from './retry-policy.ts';

/**
 * What a request's own `x-envoy-*` headers ask for. Only requests that the proxy trusts still have them: the connection
 * manager takes them from what comes from outside. Times in milliseconds; undefined is "not asked".
 */
export interface RequestOverrides {
  readonly timeoutMs: number | undefined;
  /** What the proxy before this one will wait for. */
  readonly expectedTimeoutMs: number | undefined;
  readonly perTryTimeoutMs: number | undefined;
  /** Instead of the cluster's `max_stream_duration`. */
  readonly streamDurationMs: number | undefined;
  /** Bits of RetryOn, added to the policy's. */
  readonly retryOn: number;
  readonly maxRetries: number | undefined;
  readonly retriableStatusCodes: readonly number[];
  readonly retriableHeaderNames: readonly string[];
  /** A timeout is answered with 204 instead of 504. */
  readonly timeoutIsNoContent: boolean;
}

/** True if a request has any `x-envoy-` header: most have none, and then there is nothing to look up. */
export function hasEnvoyHeaders(headers: HeaderMap): boolean {
  const { raw } = headers;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (name.charCodeAt(0) === 120 && name.startsWith('x-envoy-')) return true;
  }
  return false;
}

/** Reads the overrides and removes their headers, which are meant for this proxy alone. */
export function takeOverrides(headers: HeaderMap): RequestOverrides {
  const overrides: RequestOverrides = {
    timeoutMs: wholeNumber(headers.get('x-envoy-upstream-rq-timeout-ms')),
    expectedTimeoutMs: wholeNumber(headers.get('x-envoy-expected-rq-timeout-ms')),
    perTryTimeoutMs: wholeNumber(headers.get('x-envoy-upstream-rq-per-try-timeout-ms')),
    streamDurationMs: wholeNumber(headers.get('x-envoy-upstream-stream-duration-ms')),
    retryOn:
      parseRetryOn(headers.get('x-envoy-retry-on') ?? '').bits |
      parseRetryOn(headers.get('x-envoy-retry-grpc-on') ?? '').bits,
    maxRetries: wholeNumber(headers.get('x-envoy-max-retries')),
    retriableStatusCodes: words(headers.get('x-envoy-retriable-status-codes')).flatMap(
      (word) => wholeNumber(word) ?? [],
    ),
    retriableHeaderNames: words(headers.get('x-envoy-retriable-header-names')),
    timeoutIsNoContent: headers.has('x-envoy-upstream-rq-timeout-alt-response'),
  };
  for (const name of CONSUMED) headers.remove(name);
  return overrides;
}

const CONSUMED = [
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-stream-duration-ms',
] as const;

/** The policy of one request: the route's, with what the request asks for added. Undefined: nothing is ever retried. */
export function retryPolicyOf(
  policy: RetryPolicy | undefined,
  overrides: RequestOverrides | undefined,
): RetryPolicy | undefined {
  if (overrides === undefined) return policy !== undefined && policy.retryOn !== 0 ? policy : undefined;
  const base = policy ?? DEFAULT_RETRY_POLICY;
  const retryOn = base.retryOn | overrides.retryOn;
  if (retryOn === 0) return undefined;
  return {
    ...base,
    retryOn,
    numRetries: overrides.maxRetries ?? base.numRetries,
    retriableStatusCodes: [...base.retriableStatusCodes, ...overrides.retriableStatusCodes],
    retriableHeaders: [
      ...base.retriableHeaders,
      ...overrides.retriableHeaderNames.map((name) => new HeaderMatcher(name, { kind: 'present', present: true })),
    ],
  };
}

/** The first faulty header of `names`, as `strict_check_headers` asks for them; undefined if all are well formed. */
export function malformedOverride(
  headers: HeaderMap,
  names: readonly string[],
): { name: string; value: string } | undefined {
  for (const name of names) {
    const value = headers.get(name);
    if (value === undefined) continue;
    const good = name.endsWith('-on') ? parseRetryOn(value).unknown.length === 0 : wholeNumber(value) !== undefined;
    if (!good) return { name, value };
  }
  return undefined;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d{1,15}\s*$/.test(text) ? Number(text) : undefined;
}

function words(list: string | undefined): string[] {
  return (list ?? '')
    .toLowerCase()
    .split(',')
    .flatMap((word) => word.trim() || []);
}
