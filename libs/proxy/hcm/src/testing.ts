import { turnWrites, type Transport } from '@weft/core-bytes';
import { RecordingTransport } from '@weft/core-bytes/testing';
import { RequestHeaderMap, ResponseHeaderMap, socketAddress, type DownstreamConnection } from '@weft/core-http';
import { RecordingReceiver } from '@weft/core-http/testing';
import type { ClientStream } from '@weft/core-http';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import type { RouteTable } from '@weft/model-route';
import { Http2ClientCodec, http2ClientSettings, type Http2ClientSettings } from '@weft/net-h2';
import {
  STOP,
  type ConnectionHandler,
  type FilterStream,
  type HttpFilter,
  type HttpFilterFactory,
  type OverloadState,
} from '@weft/proxy-filter-api';
import { createHcmFactory } from './hcm.ts';
import type { HcmConfig } from './config.ts';

/** A connection manager with Envoy's defaults and `changes`, for tests. */
export const TEST_CONFIG: Omit<HcmConfig, 'terminal'> = {
  statPrefix: 'test',
  codecType: 'AUTO',
  http1: {},
  http2: { streamErrorOnInvalidHttpMessage: false, allowConnect: false, keepAlive: undefined },
  routes: { kind: 'rds', name: 'none', source: undefined as never },
  filters: [],
  serverName: 'envoy',
  serverHeader: 'OVERWRITE',
  useRemoteAddress: false,
  xffNumTrustedHops: 0,
  skipXffAppend: false,
  originalIpDetectors: [],
  internalRanges: [],
  unixSocketsInternal: false,
  generateRequestId: true,
  preserveExternalRequestId: false,
  alwaysSetRequestIdInResponse: false,
  via: '',
  addUserAgent: false,
  proxy100Continue: false,
  normalizePath: false,
  mergeSlashes: false,
  escapedSlashes: 'keep',
  stripPort: 'none',
  stripTrailingHostDot: false,
  schemeToOverwrite: '',
  appendXForwardedPort: false,
  forwardClientCert: 'SANITIZE',
  clientCertDetails: { subject: false, cert: false, chain: false, dns: false, uri: false },
  upgrades: new Map(),
  streamIdleTimeoutMs: 300_000,
  requestTimeoutMs: 0,
  streamFlushTimeoutMs: 300_000,
  requestHeadersTimeoutMs: 0,
  maxStreamDurationMs: 0,
  idleTimeoutMs: 3_600_000,
  maxConnectionDurationMs: 0,
  drainTimeoutMs: 5000,
  drainTimeoutJitterPercent: 0,
  maxConnectionDurationJitterPercent: 0,
  delayedCloseTimeoutMs: 1000,
  maxRequestsPerConnection: 0,
  localReply: undefined,
  accessLogs: [],
  accessLogOptions: { intervalMs: 0, onNewRequest: false, onTunnel: false },
  tracing: undefined,
};

const FLAGS = {
  get: () => undefined,
  integer: (_key: string, otherwise: number) => otherwise,
  boolean: (_key: string, otherwise: boolean) => otherwise,
  enabled: () => true,
};

export interface WorldOptions {
  readonly connection?: Partial<DownstreamConnection>;
  readonly table?: RouteTable;
  readonly overload?: OverloadState;
}

/** A connection manager whose terminal filter is `terminal`, on a recorded connection from 10.0.0.9. */
export function world(
  changes: Partial<HcmConfig> = {},
  terminal: (stream: FilterStream) => HttpFilter = ok,
  more: WorldOptions = {},
) {
  const runtime = createFakeRuntime();
  const stats = createNullScope();
  const streams: FilterStream[] = [];
  const logged: string[] = [];
  const factory: HttpFilterFactory<undefined> = {
    typeName: 'test',
    terminal: true,
    decode: () => undefined,
    prepare: () => (stream) => {
      streams.push(stream);
      return terminal(stream);
    },
  };
  const server = {
    runtime,
    flags: FLAGS,
    clusters: { get: () => undefined },
    stats,
    node: { id: 'n', cluster: 'c', zone: '' },
    draining: false,
    ...(more.overload === undefined ? {} : { overload: more.overload }),
    routes: () => ({ table: more.table, close: () => undefined }),
  };
  const hcm = createHcmFactory({
    httpFilters: [],
    accessLogs: () => [{ log: (info) => logged.push(`${info.responseCode} ${info.responseCodeDetails}`) }],
    tracer: () => undefined,
  });
  const config: HcmConfig = { ...TEST_CONFIG, terminal: { name: 'test', factory, config: undefined }, ...changes };
  const prepared = hcm.prepare(config, server, { name: 'l', trafficDirection: 'UNSPECIFIED' });
  const transport = new RecordingTransport();
  const handler = prepared.create({
    transport,
    bufferLimitBytes: 1024,
    info: {
      id: 1,
      localAddress: socketAddress('127.0.0.1', 80),
      directRemoteAddress: socketAddress('10.0.0.9', 4000),
      tls: false,
      requestedServerName: '',
      ...more.connection,
    },
  });
  const stat = (name: string): number => stats.counter(`http.test.${name}`).value;
  const send = (text: string): string => {
    handler.onData(Buffer.from(text));
    return transport.take();
  };
  return { send, stat, streams, logged, transport, handler, runtime, server, prepared, stats };
}

/** Answers 200 with the body "ok" once the request is complete. */
export function ok(stream: FilterStream): HttpFilter {
  const answer = (): void => {
    stream.sendHeaders(new ResponseHeaderMap(200, ['content-length', '2', 'server', 'upstream']), false);
    stream.sendData(Buffer.from('ok'), true);
  };
  return {
    onRequestHeaders: (_headers, end) => (end ? answer() : undefined, STOP),
    onRequestData: (_chunk, end) => (end ? answer() : undefined, STOP),
  };
}

/** An HTTP/2 client of a connection manager. Nothing moves but by `pump`. */
export class Http2Client {
  readonly transport = new RecordingTransport();
  readonly codec: Http2ClientCodec;
  readonly faults: string[] = [];
  goneAway = false;
  private readonly server: { readonly handler: ConnectionHandler; readonly transport: RecordingTransport };

  constructor(
    server: { readonly handler: ConnectionHandler; readonly transport: RecordingTransport },
    settings: Partial<Http2ClientSettings> = {},
  ) {
    this.server = server;
    const callbacks = {
      onStreamEnd: () => undefined,
      onMaxConcurrentStreams: () => undefined,
      onGoAway: () => {
        this.goneAway = true;
      },
      onProtocolError: (details: string) => void this.faults.push(details),
    };
    this.codec = new Http2ClientCodec(this.transport as Transport, callbacks, http2ClientSettings(settings));
  }

  /** Moves bytes both ways until there are none. `step`: so many at a time. */
  pump(step = Infinity): this {
    const { handler, transport } = this.server;
    for (;;) {
      turnWrites.flush();
      const up = Buffer.from(this.transport.take(), 'latin1');
      const down = Buffer.from(transport.take(), 'latin1');
      if (up.length + down.length === 0) return this;
      for (let at = 0; at < up.length; at += step) handler.onData(up.subarray(at, at + step));
      for (let at = 0; at < down.length; at += step) this.codec.onData(down.subarray(at, at + step));
    }
  }

  /** Sends a request; `more`: without its end. */
  request(
    path = '/',
    headers: Record<string, string> = {},
    more: { readonly method?: string; readonly open?: boolean; readonly protocol?: string } = {},
  ): { stream: ClientStream; answer: RecordingReceiver<ResponseHeaderMap> } {
    const answer = new RecordingReceiver<ResponseHeaderMap>();
    const stream = this.codec.newStream(answer);
    const head = new RequestHeaderMap(more.method ?? 'GET', path, 'a.test', Object.entries(headers).flat());
    head.protocol = more.protocol ?? '';
    stream.headers(head, more.open !== true);
    return { stream, answer };
  }
}
