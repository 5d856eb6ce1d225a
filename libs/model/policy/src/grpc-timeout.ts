import type { HeaderMap } from '@weft/core-http';

const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * `grpc-timeout` in milliseconds, those that are less than a whole one rounded up; undefined where it is absent or malformed.
 * Source: "gRPC over HTTP2", TimeoutValue: at most 8 digits and a unit.
 */
export function grpcTimeoutMs(headers: HeaderMap): number | undefined {
  const value = headers.get('grpc-timeout');
  const match = value === undefined ? null : /^(\d{1,8})([HMSmun])$/.exec(value);
  if (match === null) return undefined;
  return Math.ceil(Number(match[1]) * (UNIT_MS[match[2] as string] as number));
}

/** The value of `grpc-timeout` for so many milliseconds, in the finest unit that has room for it. */
export function formatGrpcTimeout(ms: number): string {
  const whole = Math.ceil(ms);
  if (whole < 1e8) return `${whole}m`;
  if (whole < 1e11) return `${Math.ceil(whole / 1000)}S`;
  return whole < 6e12 ? `${Math.ceil(whole / 60_000)}M` : `${Math.min(99_999_999, Math.ceil(whole / 3_600_000))}H`;
}
