import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { RequestHeaderMap, type ClientStream } from '@weft/core-http';
import { RecordingReceiver } from '@weft/core-http/testing';
import type { ResponseHeaderMap, ResetReason } from '@weft/core-http';
import { createFakeRuntime, type FakeRuntime } from '@weft/core-runtime/testing';
import type { FractionalPercent, RuntimeSnapshot } from '@weft/core-runtime';
import { StatsStore } from '@weft/observe-metrics';
import {
  ANY_HOST,
  type Host,
  type HttpPoolCallbacks,
  type InternalListeners,
  type PoolFailure,
} from '@weft/proxy-filter-api';
import { clusterConfig } from '@weft/model-cluster/testing';
import type { ClusterConfig } from '@weft/model-cluster';
import { StaticHosts } from './static-hosts.ts';
import { UpstreamCluster } from './upstream-cluster.ts';

/** A TCP server on a port of its own whose connections a test answers by hand. */
export class ScriptedUpstream {
  readonly sockets: Socket[] = [];
  private readonly server: Server;
  private waiting: (() => void)[] = [];

  private constructor(server: Server) {
    this.server = server;
    server.on('connection', (socket) => {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      this.sockets.push(socket);
      for (const wake of this.waiting.splice(0)) wake();
    });
  }

  static async start(): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream(createServer({ allowHalfOpen: true }));
    upstream.server.listen(0, '127.0.0.1');
    await once(upstream.server, 'listening');
    return upstream;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The connection number `index`, as soon as there is one. */
  async connection(index: number): Promise<Socket> {
    while (this.sockets.length <= index) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.sockets[index] as Socket;
  }

  /** Reads one request head on a connection, and answers it. */
  async answer(index: number, response = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'): Promise<string> {
    const socket = await this.connection(index);
    const head = await readHead(socket);
    socket.write(response);
    return head;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** Reads up to the blank line. */
export async function readHead(socket: Socket): Promise<string> {
  let text = '';
  while (!text.includes('\r\n\r\n')) {
    const chunk: unknown = socket.read() ?? (await once(socket, 'data'))[0];
    text += (chunk as Buffer).toString('latin1');
  }
  return text;
}

/** One request to a pool, which sends itself as soon as it gets a stream, and writes down what comes of it. */
export class TestRequest extends RecordingReceiver<ResponseHeaderMap> implements HttpPoolCallbacks {
  stream: ClientStream | undefined;
  host: Host | undefined;
  failure: PoolFailure | undefined;
  readonly path: string;
  private waiting: (() => void)[] = [];

  constructor(path = '/') {
    super();
    this.path = path;
  }

  onPoolReady(stream: ClientStream, host: Host): void {
    this.stream = stream;
    this.host = host;
    stream.headers(new RequestHeaderMap('GET', this.path, 'up.test'), true);
    this.wake();
  }
  onPoolFailure(failure: PoolFailure): void {
    this.failure = failure;
    this.wake();
  }
  override headers(headers: ResponseHeaderMap, end: boolean): void {
    super.headers(headers, end);
    this.wake();
  }
  override data(chunk: Buffer, end: boolean): boolean {
    const more = super.data(chunk, end);
    this.wake();
    return more;
  }
  override reset(reason: ResetReason): void {
    super.reset(reason);
    this.wake();
  }

  /** Waits until `ready` holds; it is asked after each event. */
  async until(ready: (request: this) => boolean): Promise<this> {
    while (!ready(this)) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this;
  }
  started(): Promise<this> {
    return this.until(() => this.stream !== undefined || this.failure !== undefined);
  }
  over(): Promise<this> {
    return this.until(() => this.ended || this.resetReason !== undefined || this.failure !== undefined);
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }
}

/** No overrides. */
export const NO_FLAGS: RuntimeSnapshot = {
  get: () => undefined,
  integer: (_key, otherwise) => otherwise,
  boolean: (_key, otherwise) => otherwise,
  enabled: (_key: string, otherwise: FractionalPercent) => otherwise.numerator > 0,
};

export interface TestCluster {
  readonly cluster: UpstreamCluster;
  readonly runtime: FakeRuntime;
  readonly store: StatsStore;
  /** A counter or gauge by the name behind `cluster.c.`. */
  stat(name: string): number;
  /** Starts a request at the host that the balancer picks. */
  request(path?: string): TestRequest;
}

/** A static cluster `c` of one host per port; `more` is YAML for further fields. */
export function testCluster(ports: readonly number[], more = ''): TestCluster {
  const endpoints = ports.map(
    (port) => `{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}}}`,
  );
  return clusterOf(
    clusterConfig(
      `name: c\nload_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [${endpoints.join(', ')}]}]}\n${more}`,
    ),
  );
}

/** A cluster with its hosts in place. */
export function clusterOf(config: ClusterConfig, internalListeners?: InternalListeners): TestCluster {
  const store = new StatsStore();
  const runtime = createFakeRuntime();
  const cluster = new UpstreamCluster(config, {
    runtime,
    flags: NO_FLAGS,
    stats: store.root,
    tls: { environment: {}, staticSecret: () => undefined },
    internalListeners,
    clusterUpdated: store.root.counter('cluster_manager.cluster_updated'),
  });
  new StaticHosts(cluster, { onInitialized: () => undefined }).start();
  return {
    cluster,
    runtime,
    store,
    stat: (name) => statOf(store, `cluster.c.${name}`),
    request: (path) => {
      const request = new TestRequest(path);
      cluster.newStream(cluster.pick(ANY_HOST) as Host, 'default', request);
      return request;
    },
  };
}

/** A counter or a gauge, whichever has the name. Throws where none has: no stat is made by looking. */
export function statOf(store: StatsStore, name: string): number {
  const found = [...store.counters(), ...store.gauges()].find((stat) => stat.name === name);
  if (found === undefined) throw new Error(`there is no stat ${name}`);
  return found.value;
}
