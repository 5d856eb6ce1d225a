import { create, toBinary } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import {
  ResponseFlag,
  type DownstreamConnection,
  type HeaderMap,
  type PeerCertificate,
  type ResponseFlagName,
  type SocketAddress,
  type StreamInfo,
  type TlsConnectionInfo,
} from '@weft/core-http';
import type { Clock } from '@weft/core-runtime';
import type { GrpcLogConfig } from './grpc-log.ts';
import { REQUEST_PSEUDO, sizeOf } from './byte-operators.ts';
import { CIPHER_SUITES } from './cipher-suites.ts';
import { LOG_TYPES } from './log-types.ts';
import type { LoggedStream } from './operator.ts';
import { downstreamBytes, upstreamBytes } from './wire-bytes.ts';

const DATA = 'envoy.data.accesslog.v3.';
const MESSAGE = 'envoy.service.accesslog.v3.StreamAccessLogsMessage';
/** Field numbers of StreamAccessLogsMessage, and of the list in its logs. */
const LOGS = { http: 2, tcp: 3 } as const;
const LOG_ENTRY = 1;

/** One entry, in protobuf's form. */
export function encodeEntry(stream: LoggedStream, config: GrpcLogConfig, clock: Clock): Uint8Array {
  const { info } = stream;
  const commonProperties = common(info, clock);
  if (config.kind === 'http')
    return encode(`${DATA}HTTPAccessLogEntry`, {
      commonProperties,
      protocolVersion: VERSIONS[info.protocol] ?? 0,
      request: request(stream, config),
      response: response(stream, config),
    });
  const connectionProperties = { receivedBytes: BigInt(info.bytesReceived), sentBytes: BigInt(info.bytesSent) };
  return encode(`${DATA}TCPAccessLogEntry`, { commonProperties, connectionProperties });
}

/** A message of entries that are encoded already. `identity`: the first of a stream says who tells, and which log it is. */
export function encodeMessage(
  kind: GrpcLogConfig['kind'],
  entries: readonly Uint8Array[],
  identity: { readonly node: object; readonly logName: string } | undefined,
): Uint8Array {
  const head = identity === undefined ? new Uint8Array() : encode(MESSAGE, { identifier: identity });
  const list = entries.flatMap((entry) => [lengthPrefix(LOG_ENTRY, entry.length), entry]);
  const size = list.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([head, lengthPrefix(LOGS[kind], size), ...list]);
}

function encode(typeName: string, fields: Record<string, unknown>): Uint8Array {
  const desc = registry().getMessage(typeName)!;
  return toBinary(desc, create(desc, fields));
}

/** The head of a field that has a length. Protocol Buffers: wire type 2. */
function lengthPrefix(field: number, length: number): Uint8Array {
  const octets = [(field << 3) | 2];
  let rest = length;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) octets.push((rest & 0x7f) | 0x80);
  octets.push(rest);
  return Uint8Array.from(octets);
}

/** Source: envoy.data.accesslog.v3.HTTPAccessLogEntry.HTTPVersion. */
const VERSIONS: Readonly<Record<string, number>> = { 'HTTP/1.0': 1, 'HTTP/1.1': 2, 'HTTP/2': 3, 'HTTP/3': 4 };

function common(info: StreamInfo, clock: Clock): object {
  const { downstream } = info;
  const since = (ms: number): object | undefined => (ms < 0 ? undefined : duration(ms - info.startMs));
  return {
    downstreamRemoteAddress: address(info.remoteAddress),
    downstreamLocalAddress: address(downstream.localAddress),
    downstreamDirectRemoteAddress: address(downstream.directRemoteAddress),
    tlsProperties: downstream.ssl && tls(downstream.ssl, downstream),
    startTime: {
      seconds: BigInt(Math.floor(info.startWallMs / 1000)),
      nanos: Math.round((info.startWallMs % 1000) * 1e6),
    },
    timeToLastRxByte: since(info.requestCompleteMs),
    timeToFirstUpstreamTxByte: since(info.firstUpstreamTxMs),
    timeToLastUpstreamTxByte: since(
      info.lastUpstreamTxMs < 0 ? -1 : Math.max(info.firstUpstreamTxMs, info.lastUpstreamTxMs),
    ),
    timeToFirstUpstreamRxByte: since(info.firstUpstreamRxMs),
    timeToLastUpstreamRxByte: since(info.lastUpstreamRxMs),
    timeToFirstDownstreamTxByte: since(info.firstDownstreamTxMs),
    timeToLastDownstreamTxByte: since(info.protocol === '' ? -1 : info.endMs),
    duration: since(info.endMs < 0 ? clock.nowMs() : info.endMs),
    upstreamRemoteAddress: address(info.upstreamHost),
    upstreamLocalAddress: address(info.upstreamLocalAddress),
    upstreamCluster: info.upstreamCluster,
    responseFlags: flags(info.responseFlags),
    ...(info.dynamicMetadata === undefined
      ? {}
      : { metadata: { filterMetadata: Object.fromEntries(info.dynamicMetadata) } }),
    upstreamTransportFailureReason: info.upstreamTransportFailureReason,
    routeName: info.routeName,
    upstreamRequestAttemptCount: info.attemptCount,
    connectionTerminationDetails: downstream.terminationDetails ?? '',
    downstreamTransportFailureReason: downstream.transportFailureReason ?? '',
    streamId: info.requestId,
    accessLogType: LOG_TYPES[info.accessLogType],
    downstreamWireBytesSent: BigInt(downstreamBytes(info).sent),
    downstreamWireBytesReceived: BigInt(downstreamBytes(info).received),
    upstreamWireBytesSent: BigInt(upstreamBytes(info).sent),
    upstreamWireBytesReceived: BigInt(upstreamBytes(info).received),
  };
}

function request({ info, request: headers }: LoggedStream, { requestHeaders }: GrpcLogConfig): object {
  const { authority } = headers;
  return {
    requestMethod: METHODS.indexOf(headers.method) + 1,
    scheme: headers.scheme,
    authority,
    path: headers.path,
    userAgent: headers.get('user-agent') ?? '',
    referer: headers.get('referer') ?? '',
    forwardedFor: headers.get('x-forwarded-for') ?? '',
    requestId: headers.get('x-request-id') ?? info.requestId,
    originalPath: headers.get('x-envoy-original-path') ?? '',
    // A request that could not be read has no head.
    requestHeadersBytes: BigInt(headers.path === '' && headers.method === '' ? 0 : sizeOf(headers, REQUEST_PSEUDO)),
    requestBodyBytes: BigInt(info.bytesReceived),
    requestHeaders: chosen(headers, requestHeaders),
    upstreamHeaderBytesSent: BigInt(upstreamBytes(info).headerSent),
    downstreamHeaderBytesReceived: BigInt(downstreamBytes(info).headerReceived),
  };
}

/** Source: envoy.config.core.v3.RequestMethod, from 1 on. */
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

function response({ info, response: headers, trailers }: LoggedStream, config: GrpcLogConfig): object {
  return {
    ...(info.responseCode === 0 ? {} : { responseCode: info.responseCode }),
    responseCodeDetails: info.responseCodeDetails,
    responseHeadersBytes: BigInt(sizeOf(headers, [':status'])),
    responseBodyBytes: BigInt(info.bytesSent),
    responseHeaders: chosen(headers, config.responseHeaders),
    responseTrailers: chosen(trailers, config.responseTrailers),
    upstreamHeaderBytesReceived: BigInt(upstreamBytes(info).headerReceived),
    downstreamHeaderBytesSent: BigInt(downstreamBytes(info).headerSent),
  };
}

function chosen(headers: HeaderMap | undefined, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = headers?.getJoined(name) ?? headers?.get(name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function duration(ms: number): object {
  const nanos = Math.round(ms * 1e6);
  return { seconds: BigInt(Math.floor(nanos / 1e9)), nanos: nanos % 1e9 };
}

function address(socket: SocketAddress | undefined): object | undefined {
  if (socket === undefined) return undefined;
  const { ip, port } = socket;
  const inner =
    ip.startsWith('/') || ip.startsWith('@')
      ? { case: 'pipe', value: { path: ip } }
      : { case: 'socketAddress', value: { address: ip, portSpecifier: { case: 'portValue', value: port } } };
  return { address: inner };
}

/** Fields of envoy.data.accesslog.v3.ResponseFlags whose names are not the flags' own in camel case. */
const RENAMED: Partial<Record<ResponseFlagName, string>> = {
  FailedLocalHealthCheck: 'failedLocalHealthcheck',
  DnsResolutionFailed: 'dnsResolutionFailure',
};
/** The message has no field for these. */
const UNTOLD: ReadonlySet<ResponseFlagName> = new Set(['DropOverload', 'UnconditionalDropOverload']);

function flags(bits: number): object | undefined {
  if (bits === 0) return undefined;
  const set: Record<string, unknown> = {};
  for (const name of Object.keys(ResponseFlag) as ResponseFlagName[]) {
    if ((bits & ResponseFlag[name]) === 0 || UNTOLD.has(name)) continue;
    if (name === 'UnauthorizedExternalService') set['unauthorizedDetails'] = { reason: 1 };
    else set[RENAMED[name] ?? name.charAt(0).toLowerCase() + name.slice(1)] = true;
  }
  return set;
}

/** Source: envoy.data.accesslog.v3.TLSProperties.TLSVersion. */
const TLS_VERSIONS: Readonly<Record<string, number>> = { TLSv1: 1, 'TLSv1.1': 2, 'TLSv1.2': 3, 'TLSv1.3': 4 };

function tls(
  { version, cipher, sessionId, peer, local }: TlsConnectionInfo,
  { requestedServerName, ja3 }: DownstreamConnection,
): object {
  const tlsCipherSuite = CIPHER_SUITES[cipher];
  return {
    tlsVersion: TLS_VERSIONS[version] ?? 0,
    ...(tlsCipherSuite === undefined ? {} : { tlsCipherSuite }),
    tlsSniHostname: requestedServerName,
    tlsSessionId: sessionId,
    ja3Fingerprint: ja3 ?? '',
    localCertificateProperties: certificate(local, ''),
    peerCertificateProperties: peer && certificate(peer, peer.issuer),
  };
}

function certificate(names: Pick<PeerCertificate, 'subject' | 'uriSans'>, issuer: string): object {
  return {
    subject: names.subject,
    issuer,
    // Envoy tells of no others.
    subjectAltName: names.uriSans.map((value) => ({ san: { case: 'uri', value } })),
  };
}
