import { RequestHeaderMap, ResponseHeaderMap, responseFlagsShort } from '@weft/core-http';
import { createFakeRuntime, type FakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope, type StatsScope } from '@weft/core-stats';
import type { RouteTable } from '@weft/model-route';
import { FakeCluster, FakeClusters, FakeFilterStream } from '@weft/proxy-filter-api/testing';
import { routeTable } from '@weft/model-route/testing';
import type { RouterConfig } from './config.ts';
import { prepareRouter } from './prepared.ts';
import { RouterFilter } from './router-filter.ts';

type Json = Parameters<typeof routeTable>[0];

interface WorldOptions {
  /** Merged into the route's action; ignored where `routes` is given. */
  readonly route?: object;
  readonly virtualHost?: object;
  readonly routes?: readonly object[];
  readonly hosts?: number;
  readonly config?: Partial<RouterConfig>;
  readonly draws?: readonly number[];
}

/** A router before one cluster `c`, and requests to it. */
export class RouterWorld {
  readonly runtime: FakeRuntime;
  readonly cluster: FakeCluster;
  readonly clusters: FakeClusters;
  readonly stats: StatsScope = createNullScope();
  private readonly table: RouteTable;
  private readonly config: RouterConfig;

  constructor(options: WorldOptions = {}) {
    this.runtime = createFakeRuntime(options.draws);
    this.cluster = new FakeCluster('c', options.hosts);
    this.clusters = new FakeClusters(this.cluster);
    const routes = options.routes ?? [{ match: { prefix: '/' }, route: { cluster: 'c', ...options.route } }];
    this.table = routeTable({
      virtual_hosts: [{ name: 'v', domains: ['*'], ...options.virtualHost, routes: routes as unknown as Json }],
    } as Json);
    this.config = {
      dynamicStats: true,
      suppressEnvoyHeaders: false,
      respectExpectedRqTimeout: false,
      strictCheckHeaders: [],
      ...options.config,
    };
  }

  request(path = '/', headers: Record<string, string> = {}, method = 'GET'): Exchange {
    return new Exchange(this, new RequestHeaderMap(method, path, 'example.test', Object.entries(headers).flat()));
  }

  open(head: RequestHeaderMap): { stream: FakeFilterStream; filter: RouterFilter } {
    const { runtime, clusters, table, stats } = this;
    const stream = new FakeFilterStream(head, { runtime, clusters, table });
    const router = prepareRouter(this.config, { runtime, clusters, stats });
    return { stream, filter: new RouterFilter(router, stream) };
  }

  counter(name: string): number {
    return this.stats.counter(name).value;
  }
}

/** One request and what became of it. */
export class Exchange {
  readonly world: RouterWorld;
  readonly head: RequestHeaderMap;
  readonly stream: FakeFilterStream;
  readonly filter: RouterFilter;

  constructor(world: RouterWorld, head: RequestHeaderMap) {
    this.world = world;
    this.head = head;
    const { stream, filter } = world.open(head);
    this.stream = stream;
    this.filter = filter;
  }

  /** The head arrives; without `more`, it is all of the request. */
  send(more: 'more' | 'end' = 'end'): this {
    if (more === 'end') this.complete();
    this.filter.onRequestHeaders(this.head, more === 'end');
    return this;
  }
  body(text: string, more: 'more' | 'end' = 'end'): this {
    if (more === 'end') this.complete();
    this.filter.onRequestData(Buffer.from(text), more === 'end');
    return this;
  }
  /** The last attempt is answered, whole. */
  answer(status: number, headers: readonly string[] = [], body = ''): this {
    const { owner } = this.world.cluster.last;
    owner.headers(new ResponseHeaderMap(status, [...headers]), body === '');
    if (body !== '') owner.data(Buffer.from(body), true);
    return this;
  }
  wait(ms: number): this {
    this.world.runtime.clock.advance(ms);
    return this;
  }

  get status(): number {
    return this.stream.info.responseCode;
  }
  get flags(): string {
    return responseFlagsShort(this.stream.info.responseFlags);
  }
  get details(): string {
    return this.stream.info.responseCodeDetails;
  }
  /** `name: value` lines of what the client got. */
  get responseHeaders(): string[] {
    const { responseHeaders, localReply } = this.stream;
    const raw = responseHeaders?.raw ?? localReply?.headers ?? [];
    return raw.flatMap((name, i) => (i % 2 === 0 ? `${name}: ${raw[i + 1]}` : []));
  }

  private complete(): void {
    this.stream.requestComplete = true;
    this.stream.info.requestCompleteMs = this.world.runtime.clock.nowMs();
  }
}
