/**
 * Why a response was not simply the upstream's, one bit each.
 * Source: Envoy's StreamInfo::CoreResponseFlag and the proto envoy.data.accesslog.v3.ResponseFlags.
 */
export const ResponseFlag = {
  FailedLocalHealthCheck: 1 << 0,
  NoHealthyUpstream: 1 << 1,
  UpstreamRequestTimeout: 1 << 2,
  LocalReset: 1 << 3,
  UpstreamRemoteReset: 1 << 4,
  UpstreamConnectionFailure: 1 << 5,
  UpstreamConnectionTermination: 1 << 6,
  UpstreamOverflow: 1 << 7,
  NoRouteFound: 1 << 8,
  DelayInjected: 1 << 9,
  FaultInjected: 1 << 10,
  RateLimited: 1 << 11,
  UnauthorizedExternalService: 1 << 12,
  RateLimitServiceError: 1 << 13,
  DownstreamConnectionTermination: 1 << 14,
  UpstreamRetryLimitExceeded: 1 << 15,
  StreamIdleTimeout: 1 << 16,
  InvalidEnvoyRequestHeaders: 1 << 17,
  DownstreamProtocolError: 1 << 18,
  UpstreamMaxStreamDurationReached: 1 << 19,
  ResponseFromCacheFilter: 1 << 20,
  NoFilterConfigFound: 1 << 21,
  DurationTimeout: 1 << 22,
  UpstreamProtocolError: 1 << 23,
  NoClusterFound: 1 << 24,
  OverloadManager: 1 << 25,
  DnsResolutionFailed: 1 << 26,
  DropOverload: 1 << 27,
  DownstreamRemoteReset: 1 << 28,
  UnconditionalDropOverload: 1 << 29,
} as const;
export type ResponseFlagName = keyof typeof ResponseFlag;

const SHORT: Record<ResponseFlagName, string> = {
  FailedLocalHealthCheck: 'LH',
  NoHealthyUpstream: 'UH',
  UpstreamRequestTimeout: 'UT',
  LocalReset: 'LR',
  UpstreamRemoteReset: 'UR',
  UpstreamConnectionFailure: 'UF',
  UpstreamConnectionTermination: 'UC',
  UpstreamOverflow: 'UO',
  NoRouteFound: 'NR',
  DelayInjected: 'DI',
  FaultInjected: 'FI',
  RateLimited: 'RL',
  UnauthorizedExternalService: 'UAEX',
  RateLimitServiceError: 'RLSE',
  DownstreamConnectionTermination: 'DC',
  UpstreamRetryLimitExceeded: 'URX',
  StreamIdleTimeout: 'SI',
  InvalidEnvoyRequestHeaders: 'IH',
  DownstreamProtocolError: 'DPE',
  UpstreamMaxStreamDurationReached: 'UMSDR',
  ResponseFromCacheFilter: 'RFCF',
  NoFilterConfigFound: 'NFCF',
  DurationTimeout: 'DT',
  UpstreamProtocolError: 'UPE',
  NoClusterFound: 'NC',
  OverloadManager: 'OM',
  DnsResolutionFailed: 'DF',
  DropOverload: 'DO',
  DownstreamRemoteReset: 'DR',
  UnconditionalDropOverload: 'UDO',
};

const NAMES = Object.keys(ResponseFlag) as ResponseFlagName[];

/**
 * The short form of access logs: `URX,UF`, or `-` where no flag is set. `plain`: of a connection of plain bytes, where a failed
 * attempt is noted before the limit of attempts (`UF,URX`).
 */
export function responseFlagsShort(flags: number, plain = false): string {
  if (flags === 0) return '-';
  return names(flags, plain)
    .map((name) => SHORT[name])
    .join(',');
}

/** The long form (`%RESPONSE_FLAGS_LONG%`), or `-`. */
export function responseFlagsLong(flags: number, plain = false): string {
  return flags === 0 ? '-' : names(flags, plain).join(',');
}

/** Every flag with its short form, for documentation and its test. */
export const RESPONSE_FLAGS: readonly { name: ResponseFlagName; short: string }[] = NAMES.map((name) => ({
  name,
  short: SHORT[name],
}));

/**
 * Envoy prints flags in the order in which they were set. Bits do not keep it, but where there are two, the first is nearly
 * always why a retry was refused, and the second what had called for it.
 */
const PRINTED: readonly ResponseFlagName[] = [
  ...new Set<ResponseFlagName>(['UpstreamRetryLimitExceeded', 'UpstreamOverflow', ...NAMES]),
];

function names(flags: number, plain: boolean): ResponseFlagName[] {
  return (plain ? NAMES : PRINTED).filter((name) => (flags & ResponseFlag[name]) !== 0);
}
