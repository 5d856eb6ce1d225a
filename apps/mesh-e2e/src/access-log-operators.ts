// The world that every operator of access logs is compared in: one bootstrap, and exchanges of each kind over it.
import { createSecureServer, connect as connectHttp2, type Http2SecureServer } from 'node:http2';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  cluster,
  connectionManager,
  downstreamTls,
  http2Upstream,
  listener,
  RawClient,
  ScriptedUpstream,
  upstreamTls,
  type CertificateAuthority,
  type IssuedCertificate,
  type RunningProxy,
} from '@weft/testing-harness';

type Json = Readonly<Record<string, unknown>>;

const METADATA = {
  filter_metadata: { weft: { text: 'abcdef', number: 1.5, inner: { flag: true, list: ['a', 2] } } },
};

/** Each operator, with arguments that make a difference. */
export const OPERATORS: readonly string[] = [
  'REQUEST_HEADERS_BYTES',
  'BYTES_RECEIVED',
  'BYTES_RETRANSMITTED',
  'PACKETS_RETRANSMITTED',
  'PROTOCOL',
  'UPSTREAM_PROTOCOL',
  'RESPONSE_CODE',
  'RESPONSE_CODE_DETAILS',
  'CONNECTION_TERMINATION_DETAILS',
  'RESPONSE_HEADERS_BYTES',
  'RESPONSE_TRAILERS_BYTES',
  'BYTES_SENT',
  'UPSTREAM_REQUEST_ATTEMPT_COUNT',
  'DURATION',
  'COMMON_DURATION(US_CX_BEG:US_CX_END:ns)',
  'COMMON_DURATION(DS_RX_BEG:US_HS_END:ns)',
  'COMMON_DURATION(DS_RX_BEG:US_RX_BODY_BEG:ns)',
  'COMMON_DURATION(custom:DS_RX_BEG:ns)',
  'COMMON_DURATION(DS_CX_BEG:DS_CX_END:ns)',
  'COMMON_DURATION(DS_RX_BEG:DS_RX_END:ns)',
  'COMMON_DURATION(DS_RX_BEG:US_TX_BEG:ns)',
  'COMMON_DURATION(DS_RX_BEG:US_TX_END:ns)',
  'COMMON_DURATION(DS_RX_BEG:US_RX_BEG:ns)',
  'COMMON_DURATION(DS_RX_BEG:US_RX_END:ns)',
  'COMMON_DURATION(DS_RX_BEG:DS_TX_BEG:ns)',
  'COMMON_DURATION(DS_RX_BEG:DS_TX_END:ns)',
  'ROUNDTRIP_DURATION',
  'REQUEST_DURATION',
  'REQUEST_TX_DURATION',
  'RESPONSE_DURATION',
  'RESPONSE_TX_DURATION',
  'DOWNSTREAM_HANDSHAKE_DURATION',
  'UPSTREAM_CONNECTION_POOL_READY_DURATION',
  'RESPONSE_FLAGS',
  'RESPONSE_FLAGS_LONG',
  'ROUTE_NAME',
  'VIRTUAL_CLUSTER_NAME',
  'UPSTREAM_HOST',
  'UPSTREAM_HOST_NAME',
  'UPSTREAM_HOST_NAME_WITHOUT_PORT',
  'UPSTREAM_HOSTS_ATTEMPTED',
  'UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT',
  'UPSTREAM_HOST_NAMES_ATTEMPTED',
  'UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT',
  'UPSTREAM_CLUSTER',
  'UPSTREAM_CLUSTER_RAW',
  'UPSTREAM_LOCAL_ADDRESS',
  'UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
  'UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT(16)',
  'UPSTREAM_LOCAL_PORT',
  'UPSTREAM_REMOTE_ADDRESS',
  'UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
  'UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(0)',
  'UPSTREAM_REMOTE_PORT',
  'UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID',
  'UPSTREAM_TRANSPORT_FAILURE_REASON',
  'DOWNSTREAM_TRANSPORT_FAILURE_REASON',
  'DOWNSTREAM_REMOTE_ADDRESS',
  'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(20)',
  'DOWNSTREAM_REMOTE_PORT',
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS',
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT(7)',
  'DOWNSTREAM_DIRECT_REMOTE_PORT',
  'DOWNSTREAM_LOCAL_ADDRESS',
  'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT(32)',
  'DOWNSTREAM_LOCAL_PORT',
  'DOWNSTREAM_DIRECT_LOCAL_ADDRESS',
  'DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT(9)',
  'DOWNSTREAM_DIRECT_LOCAL_PORT',
  'DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID',
  'DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID',
  'CONNECTION_ID',
  'UPSTREAM_CONNECTION_ID',
  'UPSTREAM_CONNECTION_IDS_ATTEMPTED',
  'STREAM_ID',
  'GRPC_STATUS',
  'GRPC_STATUS(CAMEL_STRING)',
  'GRPC_STATUS(SNAKE_STRING)',
  'GRPC_STATUS(NUMBER)',
  'GRPC_STATUS_NUMBER',
  'TRAILER(grpc-status)',
  'RESPONSE_TRAILER(x-sum?grpc-message):3',
  'REQ(:path)',
  'DYNAMIC_METADATA(a:b)',
  'CLUSTER_METADATA(weft)',
  'CLUSTER_METADATA(weft:text)',
  'CLUSTER_METADATA(weft:number)',
  'CLUSTER_METADATA(weft:inner:flag)',
  'CLUSTER_METADATA(weft:inner)',
  'CLUSTER_METADATA(weft:none)',
  'CLUSTER_METADATA(none:none)',
  'UPSTREAM_METADATA(weft:text)',
  'UPSTREAM_METADATA(weft)',
  'METADATA(CLUSTER:weft:text):3',
  'METADATA(UPSTREAM_HOST:weft:text)',
  'METADATA(ROUTE:weft:text)',
  'METADATA(ROUTE:weft)',
  'METADATA(VIRTUAL_HOST:weft:text)',
  'METADATA(LISTENER:weft:text)',
  'METADATA(LISTENER_FILTER_CHAIN:weft:text)',
  'METADATA(DYNAMIC:weft:text)',
  'FILTER_STATE(a:PLAIN)',
  'UPSTREAM_FILTER_STATE(a:PLAIN)',
  'REQUESTED_SERVER_NAME',
  'REQUESTED_SERVER_NAME(SNI_FIRST)',
  'REQUESTED_SERVER_NAME(SNI_FIRST:ORIG)',
  'REQUESTED_SERVER_NAME(HOST_FIRST:HOST)',
  'REQUESTED_SERVER_NAME(HOST_FIRST:ORIG)',
  'DOWNSTREAM_TLS_VERSION',
  'DOWNSTREAM_TLS_CIPHER',
  'DOWNSTREAM_TLS_SESSION_ID',
  'UPSTREAM_TLS_SESSION_ID',
  'UPSTREAM_TLS_VERSION',
  'UPSTREAM_TLS_CIPHER',
  'DOWNSTREAM_PEER_SUBJECT',
  'DOWNSTREAM_PEER_ISSUER',
  'DOWNSTREAM_PEER_SERIAL',
  'DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256',
  'DOWNSTREAM_PEER_ISSUER_SERIAL',
  'DOWNSTREAM_PEER_CHAIN_SERIALS',
  'UPSTREAM_PEER_SUBJECT',
  'UPSTREAM_PEER_URI_SAN',
  'UPSTREAM_PEER_DNS_SAN',
  'UPSTREAM_PEER_IP_SAN',
  'UPSTREAM_LOCAL_URI_SAN',
  'UPSTREAM_LOCAL_DNS_SAN',
  'UPSTREAM_LOCAL_IP_SAN',
  'FILTER_CHAIN_NAME',
  'ACCESS_LOG_TYPE',
  'CUSTOM_FLAGS',
  'SPAN_ID',
  'TRACE_ID',
  'PATH(NQ:PATH)',
  'QUERY_PARAM(x)',
  'QUERY_PARAMS',
  'QUERY_PARAMS(ORIG)',
  'ENVIRONMENT(NO_SUCH)',
  'COALESCE({"operators":[{"command":"REQ","param":"x-none"},"PROTOCOL"]})',
  'START_TIME_LOCAL(%Y)',
  'EMIT_TIME_LOCAL(%Y %z)',
  'QUERY_PARAMS(DECODED)',
  ...['DOWNSTREAM', 'UPSTREAM'].flatMap((side) =>
    ['WIRE_BYTES', 'HEADER_BYTES', 'DECOMPRESSED_HEADER_BYTES'].flatMap((kind) => [
      `${side}_${kind}_SENT`, `${side}_${kind}_RECEIVED`,
    ]),
  ),
]; // prettier-ignore

/** An access log that is one JSON object of all `operators`, each under its own name. */
export function jsonLog(path: string, operators: readonly string[]): Json {
  return {
    name: 'envoy.access_loggers.file',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
      path,
      log_format: { json_format: Object.fromEntries(operators.map((operator) => [operator, `%${operator}%`])) },
    },
  };
}

/** Who serves, and what it shows of itself. */
export interface OperatorWorld {
  readonly plain: ScriptedUpstream;
  readonly secure: Http2SecureServer;
  readonly echo: Server;
  readonly refused: number;
  readonly authority: CertificateAuthority;
  readonly certificate: IssuedCertificate;
  stop(): Promise<void>;
}

export async function startWorld(authority: CertificateAuthority, refused: number): Promise<OperatorWorld> {
  const certificate = authority.issue('localhost', ['DNS:localhost', 'URI:spiffe://weft/test', 'IP:127.0.0.1']);
  const plain = await ScriptedUpstream.start(({ earlier, path }, socket) => {
    if (path.startsWith('/heals') && earlier < 2)
      socket.write('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 5\r\n\r\nlater');
    else if (path.startsWith('/interim')) socket.end('HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n');
    else if (path.startsWith('/closes')) socket.end();
    else
      socket.write(
        'HTTP/1.1 200 OK\r\nx-up: 1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 12345\r\n\r\n',
      );
  });
  const secure = createSecureServer({ cert: certificate.cert, key: certificate.key });
  secure.on('stream', (stream) => {
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '7', 'grpc-message': 'not you' }));
    stream.resume().on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.end('0123456789');
    });
  });
  const echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  for (const server of [secure, echo]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.unref();
  }
  const stop = async (): Promise<void> => {
    secure.close();
    echo.close();
    await plain.stop();
  };
  return { plain, secure, echo, refused, authority, certificate, stop };
}

const portOf = (server: Server | Http2SecureServer): number => (server.address() as AddressInfo).port;

function routes(): object {
  const retry = {
    retry_on: '5xx',
    num_retries: 3,
    retry_back_off: { base_interval: '0.001s', max_interval: '0.002s' },
  };
  const route = (prefix: string, action: object): object => ({
    match: { prefix },
    name: `to ${prefix}`,
    metadata: METADATA,
    route: action,
  });
  return {
    route_config: {
      name: 'routes',
      // How long it took has more digits at times, which would be counted.
      response_headers_to_remove: ['x-envoy-upstream-service-time'],
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          metadata: METADATA,
          routes: [
            route('/grpc', { cluster: 'two' }),
            route('/heals', { cluster: 'up', retry_policy: retry }),
            route('/refused', { cluster: 'refused' }),
            { match: { prefix: '/direct' }, direct_response: { status: 410, body: { inline_string: 'is gone' } } },
            route('/', { cluster: 'up', host_rewrite_literal: 'inner.test' }),
          ],
        },
      ],
    },
  };
}

/** Where lines of requests go, and those of connections. */
export interface Logs {
  readonly http: Json;
  readonly tcp: Json;
}

/** The bootstrap that both proxies run. `clusters`: further ones. */
export function bootstrap(world: OperatorWorld, logs: Logs, clusters: readonly object[] = []): object {
  const { authority, certificate } = world;
  const front = connectionManager('front', { ...routes(), access_log: [logs.http] });
  const socket = downstreamTls(certificate, ['h2', 'http/1.1'], authority.caFile);
  const bytes = {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
      stat_prefix: 'bytes',
      cluster: 'echo',
      access_log: [logs.tcp],
    },
  };
  const secured = (name: string, filter: Json): object => ({
    ...listener(name, filter),
    filter_chains: [{ name: `${name} chain`, filters: [filter], transport_socket: socket }],
  });
  const described = cluster('up', [world.plain.port], { metadata: METADATA });
  const [locality] = (described['load_assignment'] as { endpoints: { lb_endpoints: object[] }[] }).endpoints;
  Object.assign(locality?.lb_endpoints[0] ?? {}, { metadata: METADATA });
  return {
    static_resources: {
      listeners: [
        { ...listener('plain', front), metadata: METADATA },
        secured('secure', front),
        secured('bytes', bytes),
      ],
      clusters: [
        described,
        cluster('two', [portOf(world.secure)], {
          ...http2Upstream(),
          transport_socket: upstreamTls({ caFile: authority.caFile, sni: 'localhost', alpn: ['h2'], own: certificate }),
        }),
        cluster('refused', [world.refused]),
        cluster('echo', [portOf(world.echo)]),
        ...clusters,
      ],
    },
  };
}

async function raw(port: number, head: string, body = ''): Promise<void> {
  const client = new RawClient(port);
  client.send(
    `${head}\r\nhost: outer.test:80\r\nx-case: ${head.split(' ', 2).join(' ')}\r\nconnection: close\r\n\r\n${body}`,
  );
  await client.end();
  client.close();
}

async function grpc(world: OperatorWorld, port: number, message: Buffer): Promise<void> {
  const { ca } = world.authority;
  const { cert, key } = world.certificate;
  const session = connectHttp2(`https://localhost:${port}`, { ca, cert, key, servername: 'localhost' });
  const stream = session.request({ ':method': 'POST', ':path': '/grpc/say?x=1', 'content-type': 'application/grpc' });
  stream.end(message);
  stream.resume();
  await once(stream, 'close');
  session.close();
  await once(session, 'close');
}

async function bytes(world: OperatorWorld, port: number): Promise<void> {
  const { ca } = world.authority;
  const { cert, key } = world.certificate;
  const socket = connectTls({ host: '127.0.0.1', port, ca, cert, key, servername: 'localhost' });
  socket.write('hello');
  await once(socket, 'data');
  socket.end();
  await once(socket, 'close');
}

/** Each leaves one line of log. */
export const EXCHANGES: Readonly<Record<string, (world: OperatorWorld, proxy: RunningProxy) => Promise<void>>> = {
  'a request with a body': (_, proxy) =>
    raw(proxy.port('plain'), 'POST /a?x=1&y=%20 HTTP/1.1\r\ncontent-length: 5', 'hello'),
  'a chunked request': (_, proxy) =>
    raw(proxy.port('plain'), 'POST /b HTTP/1.1\r\ntransfer-encoding: chunked', '3\r\nabc\r\n0\r\n\r\n'),
  'a request that is tried three times': (_, proxy) => raw(proxy.port('plain'), 'GET /heals HTTP/1.1'),
  'a refused connection': (_, proxy) => raw(proxy.port('plain'), 'GET /refused HTTP/1.1'),
  'a direct response': (_, proxy) => raw(proxy.port('plain'), 'GET /direct?x HTTP/1.1'),
  'a body that nobody reads': (_, proxy) =>
    raw(proxy.port('plain'), 'POST /direct HTTP/1.1\r\ncontent-length: 50', 'h'.repeat(50)),
  'no route': (_, proxy) => raw(proxy.port('plain'), 'GET * HTTP/1.1'),
  'an interim response and no other': (_, proxy) => raw(proxy.port('plain'), 'GET /interim HTTP/1.1'),
  'an upstream that closes': (_, proxy) => raw(proxy.port('plain'), 'GET /closes HTTP/1.1'),
  'gRPC over TLS on both sides': (world, proxy) => grpc(world, proxy.port('secure'), Buffer.from('12345678')),
  'a large gRPC message over TLS on both sides': (world, proxy) =>
    grpc(world, proxy.port('secure'), Buffer.alloc(300_000)),
  'bytes over TLS': (world, proxy) => bytes(world, proxy.port('bytes')),
};
