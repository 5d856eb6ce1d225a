/**
 * Names whose repeated fields become one list (RFC 9110 section 5.3), so that filters, matchers and upstreams all see the same
 * value; of all other names each field stays as it came. Source: the inline headers of Envoy's header maps.
 */
export const JOINED_REQUEST_HEADERS: ReadonlySet<string> = new Set(
  (
    'accept accept-encoding access-control-request-headers access-control-request-method ' +
    'access-control-request-private-network authorization cache-control cdn-loop content-encoding content-type expect ' +
    'grpc-accept-encoding grpc-timeout if-match if-modified-since if-none-match if-range if-unmodified-since origin pragma ' +
    'proxy-status referer user-agent via x-client-trace-id x-envoy-attempt-count x-envoy-decorator-operation ' +
    'x-envoy-downstream-service-cluster x-envoy-downstream-service-node x-envoy-expected-rq-timeout-ms ' +
    'x-envoy-external-address x-envoy-force-trace x-envoy-hedge-on-per-try-timeout x-envoy-internal x-envoy-ip-tags ' +
    'x-envoy-max-retries x-envoy-original-host x-envoy-original-path x-envoy-original-url x-envoy-retriable-header-names ' +
    'x-envoy-retriable-status-codes x-envoy-retry-grpc-on x-envoy-retry-on x-envoy-upstream-alt-stat-name ' +
    'x-envoy-upstream-rq-per-try-timeout-ms x-envoy-upstream-rq-timeout-alt-response x-envoy-upstream-rq-timeout-ms ' +
    'x-envoy-upstream-stream-duration-ms x-forwarded-client-cert x-forwarded-for x-forwarded-host x-forwarded-port ' +
    'x-forwarded-proto x-request-id'
  ).split(' '),
);

/** The same of responses. */
export const JOINED_RESPONSE_HEADERS: ReadonlySet<string> = new Set(
  (
    'access-control-allow-credentials access-control-allow-headers access-control-allow-methods ' +
    'access-control-allow-origin access-control-allow-private-network access-control-expose-headers access-control-max-age ' +
    'age cache-control content-encoding content-type date etag expires grpc-message grpc-status last-modified location ' +
    'proxy-status server vary via x-envoy-attempt-count x-envoy-decorator-operation x-envoy-degraded ' +
    'x-envoy-immediate-health-check-fail x-envoy-ratelimited x-envoy-upstream-canary ' +
    'x-envoy-upstream-healthchecked-cluster x-envoy-upstream-service-time x-request-id'
  ).split(' '),
);

/** Collects the fields of one message after the other: one for each parser, used again for every message. */
export class FieldJoiner {
  /** A bit for each name that was there; names that share one are told apart by looking for them. */
  private seen = 0;
  private readonly joined: ReadonlySet<string>;

  constructor(joined: ReadonlySet<string>) {
    this.joined = joined;
  }

  /** Before each message. */
  begin(): void {
    this.seen = 0;
  }

  /** Adds a field at the end of `raw`, or its value to the first field of its name. */
  add(raw: string[], name: string, value: string): void {
    const { length } = name;
    const bit = 1 << ((length + name.charCodeAt(length - 1) * 5 + name.charCodeAt(length >> 1)) & 31);
    if ((this.seen & bit) !== 0 && this.join(raw, name, value)) return;
    this.seen |= bit;
    raw.push(name, value);
  }

  private join(raw: string[], name: string, value: string): boolean {
    if (!this.joined.has(name)) return false;
    for (let i = 0; i < raw.length; i += 2) {
      if (raw[i] !== name) continue;
      // As with Envoy, a field without a value adds nothing to a list.
      const before = raw[i + 1] as string;
      raw[i + 1] = before === '' || value === '' ? before + value : `${before},${value}`;
      return true;
    }
    return false;
  }
}
