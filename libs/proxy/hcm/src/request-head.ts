import { socketAddress, type DownstreamConnection, type RequestHeaderMap, type SocketAddress } from '@weft/core-http';
import type { Random } from '@weft/core-runtime';
import { anyContains, parseIp } from '@weft/model-match';
import type { HcmConfig } from './config.ts';
import { forwardClientCert } from './forward-client-cert.ts';
import { findLocalIp, isLoopback } from './local-ip.ts';
import { appendVia } from './response-head.ts';
import { detectOriginalIp, type OriginalIp } from './original-ip.ts';
import { RequestIds } from './request-ids.ts';

/** Headers that belong to one hop (RFC 9110 section 7.6.1). */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'] as const;

/** Headers by which a request from inside steers the proxy; taken from every other one. Source: Envoy's header docs. */
const INTERNAL_ONLY = [
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-internal',
  'x-envoy-ip-tags',
  'x-envoy-max-retries',
  'x-envoy-original-url',
  'x-envoy-retriable-header-names',
  'x-envoy-retriable-status-codes',
  'x-envoy-retry-grpc-on',
  'x-envoy-retry-on',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-stream-duration-ms',
] as const;

/** Headers that one proxy tells the next; an edge proxy has none before it. */
const EDGE_SANITIZED = [
  ...INTERNAL_ONLY,
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-original-host',
  'x-envoy-original-path',
] as const;

/** What this proxy is called: `--service-cluster` and `--service-node`. */
export interface NodeNames {
  readonly id: string;
  readonly cluster: string;
}

/** What is known of a request beside its head. */
export interface RequestConnection {
  readonly info: DownstreamConnection;
  readonly http2: boolean;
}

/** What judging a request's head found out. */
export interface RequestOrigin {
  readonly remoteAddress: SocketAddress;
  readonly internal: boolean;
  /** From outside, at an edge proxy (use_remote_address). */
  readonly edge: boolean;
  /** The status to answer with where the client's address could not be found out as demanded; 0: it was. */
  readonly rejectedWith: number;
}

/**
 * Makes a request's head fit to be routed: hop-by-hop headers go, x-forwarded-for and -proto are judged and extended, the
 * request id is kept or made. Source: Envoy's ConnectionManagerUtility::mutateRequestHeaders and its header documentation.
 */
export class RequestHeads {
  private readonly config: HcmConfig;
  private readonly ids: RequestIds;
  private readonly node: NodeNames;
  /** This machine's address, looked up once for each configuration. */
  private localIp: string | undefined;

  constructor(config: HcmConfig, random: Random, node: NodeNames) {
    this.config = config;
    this.ids = new RequestIds(random);
    this.node = node;
  }

  prepare(headers: RequestHeaderMap, connection: RequestConnection): RequestOrigin {
    const { config } = this;
    // HTTP/2 has none, and its codec refuses them.
    if (!connection.http2) this.removeHopByHop(headers);
    const peer = connection.info.remoteAddress ?? connection.info.directRemoteAddress;
    const forwarded = headers.get('x-forwarded-for');
    const scheme = connection.info.tls ? 'https' : 'http';
    let remoteAddress = peer;
    let internal: boolean;
    if (config.useRemoteAddress) {
      if (config.xffNumTrustedHops > 0) remoteAddress = addressFromEnd(forwarded, config.xffNumTrustedHops - 1) ?? peer;
      internal = forwarded === undefined && this.isInternal(peer);
      if (!config.skipXffAppend) this.appendForwardedFor(headers, forwarded, peer);
      if (config.appendXForwardedPort) appendPort(headers, connection, config.xffNumTrustedHops);
      if (config.xffNumTrustedHops === 0 || headers.get('x-forwarded-proto') === undefined)
        headers.set('x-forwarded-proto', scheme);
    } else {
      const found = this.originalIp(headers, peer, forwarded);
      if (typeof found === 'number') return { remoteAddress, internal: false, edge: false, rejectedWith: found };
      remoteAddress = found.address ?? peer;
      internal = found.trusted && this.isInternal(remoteAddress);
      if (found.appendPeer) this.appendForwardedFor(headers, forwarded, peer);
      if (headers.get('x-forwarded-proto') === undefined) headers.add('x-forwarded-proto', scheme);
    }
    this.setScheme(headers, connection);
    const edge = config.useRemoteAddress && !internal;
    this.sanitize(headers, internal, edge);
    forwardClientCert(headers, connection.info.ssl, config.forwardClientCert, config.clientCertDetails);
    if (edge) headers.set('x-envoy-external-address', remoteAddress.ip);
    this.setRequestId(headers, edge);
    if (config.addUserAgent) this.setUserAgent(headers);
    if (config.via !== '') appendVia(headers, config.via);
    return { remoteAddress, internal, edge, rejectedWith: 0 };
  }

  /** Who the client is, where the peer is not believed to be it. */
  private originalIp(
    headers: RequestHeaderMap,
    peer: SocketAddress,
    forwarded: string | undefined,
  ): OriginalIp | number {
    const { originalIpDetectors, xffNumTrustedHops } = this.config;
    if (originalIpDetectors.length > 0) return detectOriginalIp(originalIpDetectors, headers, peer);
    const address = addressFromEnd(forwarded, xffNumTrustedHops);
    return { address, trusted: address !== undefined && forwarded?.includes(',') === false, appendPeer: false };
  }

  private removeHopByHop(headers: RequestHeaderMap): void {
    const connection = headers.get('connection');
    // RFC 9110 section 7.6.1: what Connection names goes with it; names a proxy needs itself cannot be struck this way.
    if (connection !== undefined && connection.toLowerCase() !== 'keep-alive' && connection.toLowerCase() !== 'close') {
      for (const token of connection.toLowerCase().split(',')) {
        const name = token.trim();
        if (name !== '' && name !== 'te' && !name.startsWith('x-forwarded-') && !name.startsWith('x-envoy-'))
          headers.remove(name);
      }
    }
    for (const name of HOP_BY_HOP) headers.remove(name);
    const te = headers.get('te');
    if (te !== undefined && te !== 'trailers') {
      if (/(?:^|,)\s*trailers\s*(?:,|$)/i.test(te)) headers.set('te', 'trailers');
      else headers.remove('te');
    }
  }

  /** HTTP/2 requests bring a scheme of their own; those of HTTP/1.1 have that of the connection, or what a proxy before says. */
  private setScheme(headers: RequestHeaderMap, connection: RequestConnection): void {
    const { schemeToOverwrite } = this.config;
    if (schemeToOverwrite !== '') {
      headers.scheme = schemeToOverwrite;
      headers.set('x-forwarded-proto', schemeToOverwrite);
      return;
    }
    if (connection.http2) return;
    const proto = headers.get('x-forwarded-proto');
    if (proto === 'http' || proto === 'https') headers.scheme = proto;
  }

  private sanitize(headers: RequestHeaderMap, internal: boolean, edge: boolean): void {
    if (internal) headers.set('x-envoy-internal', 'true');
    else removeListed(headers, edge ? EDGE_SANITIZED : INTERNAL_ONLY);
  }

  private setRequestId(headers: RequestHeaderMap, edge: boolean): void {
    const { config } = this;
    if (!config.generateRequestId) return;
    if (headers.get('x-request-id') === undefined) headers.add('x-request-id', this.ids.next());
    else if (edge && !config.preserveExternalRequestId) headers.set('x-request-id', this.ids.next());
  }

  private setUserAgent(headers: RequestHeaderMap): void {
    if (headers.get('user-agent') === undefined) headers.add('user-agent', this.node.cluster);
    headers.set('x-envoy-downstream-service-cluster', this.node.cluster);
    if (this.node.id !== '') headers.set('x-envoy-downstream-service-node', this.node.id);
  }

  /** Adds the peer to the list; for one on this machine, the address by which others know the machine. */
  private appendForwardedFor(headers: RequestHeaderMap, forwarded: string | undefined, peer: SocketAddress): void {
    let { ip } = peer;
    if (isLoopback(ip)) {
      this.localIp ??= findLocalIp();
      ip = this.localIp;
    }
    headers.set('x-forwarded-for', forwarded === undefined ? ip : `${forwarded},${ip}`);
  }

  private isInternal(address: SocketAddress): boolean {
    if (address.port === 0 && address.ip.startsWith('/')) return this.config.unixSocketsInternal;
    return this.config.internalRanges.length > 0 && anyContains(this.config.internalRanges, address.ip);
  }
}

const LETTER_X = 120;

function removeListed(headers: RequestHeaderMap, names: readonly string[]): void {
  const { raw } = headers;
  for (let i = 0; i < raw.length; i += 2) {
    // Nearly no request carries one of these, so one look for the prefix stands before the list.
    const name = raw[i] as string;
    if (name.charCodeAt(0) !== LETTER_X || !name.startsWith('x-envoy-')) continue;
    for (const listed of names) headers.remove(listed);
    return;
  }
}

/** The address `back` places before the last one in x-forwarded-for; undefined where there is none, or it is none. */
function addressFromEnd(forwarded: string | undefined, back: number): SocketAddress | undefined {
  if (forwarded === undefined) return undefined;
  const parts = forwarded.split(',');
  const ip = parts[parts.length - 1 - back]?.trim();
  return ip !== undefined && parseIp(ip) !== undefined ? socketAddress(ip, 0) : undefined;
}

function appendPort(headers: RequestHeaderMap, { info }: RequestConnection, trustedHops: number): void {
  if (trustedHops === 0 || !headers.has('x-forwarded-port'))
    headers.set('x-forwarded-port', String(info.localAddress.port));
}
