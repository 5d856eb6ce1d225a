import { TYPE_URL } from '@weft/xds-server';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RunningProxy } from './proxy.ts';
import { SteadyLoad, type LoadResult } from './steady-load.ts';
import { edsCluster, endpointsOf, rdsListener, routesTo, xdsBootstrap, type XdsForm } from './xds-bootstraps.ts';
import { XdsTestServer } from './xds-test-server.ts';

const NODE = 'ordering';
const UPSTREAMS = 4;
/** How many changes of endpoints lie between two moves of the routes, and between two changes of listeners. */
const MOVE_EVERY = 10;
const LISTEN_EVERY = 100;

export interface OrderingOptions {
  readonly perSecond: number;
  readonly endpointChanges: number;
}

export interface OrderingResult extends LoadResult {
  readonly endpointChanges: number;
  /** How often the routes went to a cluster that was new, and the one before was removed. */
  readonly moves: number;
  readonly responses: number;
  /** What the recorded stream had out of order. */
  readonly violations: readonly string[];
  readonly refusals: readonly string[];
}

/**
 * Our xDS server, four upstreams, and a proxy between load and upstreams whose clusters come and go, whose routes move and
 * whose endpoints change as fast as it acknowledges them.
 */
export class OrderingWorld {
  private readonly xds: XdsTestServer;
  private readonly upstreams: readonly Server[];
  private generation = 0;

  static async start(): Promise<OrderingWorld> {
    const upstreams = Array.from({ length: UPSTREAMS }, (_, at) =>
      createServer({ keepAliveTimeout: 0 }, (_request, response) => response.end(`upstream ${at}`)),
    );
    for (const server of upstreams) await once(server.listen(0, '127.0.0.1'), 'listening');
    const world = new OrderingWorld(await XdsTestServer.start(), upstreams);
    const set = [...world.cluster(0), rdsListener('web', 'routes'), routesTo('routes', world.name)];
    world.xds.publish(NODE, { set });
    return world;
  }

  private constructor(xds: XdsTestServer, upstreams: readonly Server[]) {
    this.xds = xds;
    this.upstreams = upstreams;
  }

  bootstrap(form: XdsForm): object {
    return xdsBootstrap({ node: NODE, port: this.xds.port, form });
  }

  async stop(): Promise<void> {
    await this.xds.stop();
    for (const server of this.upstreams) {
      server.closeAllConnections();
      server.close();
    }
  }

  async run(proxy: RunningProxy, { perSecond, endpointChanges }: OrderingOptions): Promise<OrderingResult> {
    const port = await proxy.portOf('web');
    const load = new SteadyLoad(port, perSecond);
    const moves = await this.churn(endpointChanges)
      .catch((error: Error) => {
        const state = proxy.process.alive ? 'is alive' : 'has ended';
        throw new Error(`${error.message}; the proxy ${state}: ${proxy.process.output.slice(-1000)}`, { cause: error });
      })
      .finally(() => load.halt());
    const result = await load.stop();
    const { violations, refusals, responses: byType } = this.xds.order;
    const responses = [...byType.values()].reduce((sum, count) => sum + count, 0);
    return { ...result, endpointChanges, moves, responses, violations, refusals };
  }

  private async churn(endpointChanges: number): Promise<number> {
    let moves = 0;
    for (let change = 1; change <= endpointChanges; change += 1) {
      await this.changeEndpoints(change);
      if (change % LISTEN_EVERY === 0) await this.changeListeners();
      if (change % MOVE_EVERY !== 0) continue;
      await this.move(change);
      moves += 1;
    }
    return moves;
  }

  private get name(): string {
    return `generation-${this.generation}`;
  }

  /** Two of the upstreams, others than the time before. */
  private ports(turn: number): number[] {
    return [turn, turn + 1].map((at) => (this.upstreams[at % UPSTREAMS]?.address() as AddressInfo).port);
  }

  private cluster(turn: number): object[] {
    return [edsCluster(this.name), endpointsOf(this.name, this.ports(turn))];
  }

  private async changeEndpoints(turn: number): Promise<void> {
    const [assignment] = this.xds.publish(NODE, { set: [endpointsOf(this.name, this.ports(turn))] });
    await this.xds.until(
      `endpoints ${turn}`,
      (order) => order.has(TYPE_URL.endpoint).get(this.name)?.version === assignment?.version,
    );
  }

  /** In one snapshot: a new cluster, the routes to it, and the old one gone. The order is the server's. */
  private async move(turn: number): Promise<void> {
    const old = this.name;
    this.generation += 1;
    const remove = [TYPE_URL.cluster, TYPE_URL.endpoint].map((typeUrl) => ({ typeUrl, name: old }));
    this.xds.publish(NODE, { set: [...this.cluster(turn), routesTo('routes', this.name)], remove });
    await this.xds.until(`${old} goes`, (order) => {
      const clusters = order.has(TYPE_URL.cluster);
      return clusters.has(this.name) && !clusters.has(old);
    });
  }

  /** One more listener with routes of its own to a cluster of its own, and all that away again. */
  private async changeListeners(): Promise<void> {
    const set = [edsCluster('extra'), endpointsOf('extra', this.ports(0))];
    this.xds.publish(NODE, { set: [...set, rdsListener('extra', 'extra'), routesTo('extra', 'extra')] });
    await this.xds.until('the extra routes', (order) => order.has(TYPE_URL.route).has('extra'));
    const types = [TYPE_URL.listener, TYPE_URL.route, TYPE_URL.cluster, TYPE_URL.endpoint];
    this.xds.publish(NODE, { remove: types.map((typeUrl) => ({ typeUrl, name: 'extra' })) });
    await this.xds.until('the extra cluster goes', (order) => !order.has(TYPE_URL.cluster).has('extra'));
  }
}
