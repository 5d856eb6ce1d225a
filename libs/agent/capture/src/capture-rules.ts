/** What is redirected, and what is not. */
export interface CaptureOptions {
  /** Where calls of the program go. Default 15001. */
  readonly outboundPort: number;
  /** Where calls to the program go. Default 15006. */
  readonly inboundPort: number;
  /** The sidecar's own user and group: its calls are not redirected. Default 1337. */
  readonly proxyUid: number;
  readonly proxyGid: number;
  /** Ports at which calls arrive untouched: readiness, metrics. Default 15020, 15021, 15090. */
  readonly excludeInboundPorts: readonly number[];
  /** Ports to which the program calls untouched. Default none. */
  readonly excludeOutboundPorts: readonly number[];
  /** Addresses to which the program calls untouched, as CIDR ranges. Default none. */
  readonly excludeOutboundRanges: readonly string[];
}

export const DEFAULT_CAPTURE: CaptureOptions = Object.freeze({
  outboundPort: 15_001,
  inboundPort: 15_006,
  proxyUid: 1337,
  proxyGid: 1337,
  excludeInboundPorts: [15_020, 15_021, 15_090],
  excludeOutboundPorts: [],
  excludeOutboundRanges: [],
});

export type IpVersion = 4 | 6;

/** Our chains of the table `nat`. The names are Istio's: tools look for them. */
export const CHAINS = ['ISTIO_INBOUND', 'ISTIO_IN_REDIRECT', 'ISTIO_OUTPUT', 'ISTIO_REDIRECT'] as const;

/** The rules that lead into our chains; all others are inside of them. */
export const JUMPS: readonly string[] = [
  'PREROUTING -p tcp -m comment --comment istio/install-istio-prerouting -j ISTIO_INBOUND',
  'OUTPUT -p tcp -m comment --comment istio/install-istio-output -j ISTIO_OUTPUT',
];

/**
 * The rules inside of our chains, in their order, without `-A`. Source: Istio's istio-iptables in REDIRECT mode; what each is
 * for stands in docs/weft-run.md.
 */
export function chainRules(options: CaptureOptions, version: IpVersion): readonly string[] {
  const loopback = version === 4 ? '127.0.0.1/32' : '::1/128';
  const passthroughSource = version === 4 ? '127.0.0.6/32' : '::6/128';
  const own = [`--uid-owner ${options.proxyUid}`, `--gid-owner ${options.proxyGid}`];
  const ranges = options.excludeOutboundRanges.filter((range) => range.includes(':') === (version === 6));
  return [
    `ISTIO_REDIRECT -p tcp -m comment --comment istio/redirect-to-envoy-port -j REDIRECT --to-ports ${options.outboundPort}`,
    `ISTIO_IN_REDIRECT -p tcp -m comment --comment istio/redirect-inbound-to-envoy-port -j REDIRECT --to-ports ${options.inboundPort}`,
    ...options.excludeInboundPorts.map((port) => `ISTIO_INBOUND -p tcp -m tcp --dport ${port} -j RETURN`),
    'ISTIO_INBOUND -p tcp -m comment --comment istio/redirect-common-chain -j ISTIO_IN_REDIRECT',
    ...options.excludeOutboundPorts.map((port) => `ISTIO_OUTPUT -p tcp -m tcp --dport ${port} -j RETURN`),
    // The sidecar calls its program from this address when it passes calls through.
    `ISTIO_OUTPUT -s ${passthroughSource} -o lo -j RETURN`,
    // The sidecar calls its own workload by its address: that is a call that arrives.
    ...own.map((owner) => `ISTIO_OUTPUT ! -d ${loopback} -o lo -p tcp -m owner ${owner} -j ISTIO_IN_REDIRECT`),
    // Programs that talk to themselves are left alone.
    ...own.map((owner) => `ISTIO_OUTPUT -o lo -m owner ! ${owner} -j RETURN`),
    // Else the sidecar would call itself for ever.
    ...own.map((owner) => `ISTIO_OUTPUT -m owner ${owner} -j RETURN`),
    `ISTIO_OUTPUT -d ${loopback} -j RETURN`,
    ...ranges.map((range) => `ISTIO_OUTPUT -d ${range} -j RETURN`),
    'ISTIO_OUTPUT -p tcp -j ISTIO_REDIRECT',
  ];
}

/**
 * What `iptables-restore --noflush` takes: our chains are made or emptied, and filled, in one step; of the jumps only those in
 * `missing` are added.
 */
export function restoreText(options: CaptureOptions, version: IpVersion, missing: readonly string[]): string {
  return [
    '*nat',
    ...CHAINS.map((chain) => `:${chain} - [0:0]`),
    ...chainRules(options, version).map((rule) => `-A ${rule}`),
    ...missing.map((jump) => `-A ${jump}`),
    'COMMIT',
    '',
  ].join('\n');
}
