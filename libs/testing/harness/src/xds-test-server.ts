import type { Message } from '@bufbuild/protobuf';
import { formatFault, loadConfig, typeNameOfUrl } from '@weft/api-envoy';
import { createRuntime } from '@weft/core-runtime';
import { GrpcServer } from '@weft/net-grpc';
import {
  encodeResource,
  formatSnapshotFault,
  Snapshot,
  SnapshotCache,
  XdsServer,
  type XdsServerOwner,
  type Reference,
  type Resource,
} from '@weft/xds-server';
import { CONTROL_PLANE_CLUSTER } from './xds-bootstraps.ts';
import { XdsOrder } from './xds-order.ts';
import { recordedServices, type XdsEvent } from './xds-recorder.ts';

export interface XdsChange {
  /** Resources in JSON, each with its `@type`; and with `resource_name`, where that is not the name that the message has. */
  readonly set?: readonly object[];
  readonly remove?: readonly Reference[];
  /** Names of resources that are named and that proxies ask for themselves. Default: none. */
  readonly onDemand?: readonly string[];
  /** What is set lives so long without heartbeats, in milliseconds. Default: for ever. */
  readonly ttlMs?: number;
}

/** Our xDS server over a snapshot cache in this process, with a record of its aggregated streams. */
export class XdsTestServer {
  readonly port: number;
  readonly server: XdsServer;
  /** By stream, in the order in which they were opened. */
  readonly orders = new Map<number, XdsOrder>();
  /** Everything that crossed them. */
  readonly events: XdsEvent[] = [];
  private readonly grpc: GrpcServer;
  private readonly cache: SnapshotCache;
  private readonly waiting = new Set<() => void>();

  /** `onDemand` as in XdsServerOwner: default, what is not there is not there. */
  static async start(onDemand: XdsServerOwner['onDemand'] = () => false): Promise<XdsTestServer> {
    const runtime = createRuntime('error', (line) => process.stderr.write(line));
    const cache = new SnapshotCache();
    const server = new XdsServer({ cache, runtime, owner: { onDemand } });
    const holder: { own?: XdsTestServer } = {};
    const services = recordedServices(server.services, (event) => holder.own?.record(event));
    const grpc = new GrpcServer({ services, timers: runtime.timers });
    const address = await grpc.listen({ address: '127.0.0.1:0' });
    holder.own = new XdsTestServer({ port: Number(address.split(':').at(-1)), cache, server, grpc });
    return holder.own;
  }

  private constructor(of: { port: number; cache: SnapshotCache; server: XdsServer; grpc: GrpcServer }) {
    this.port = of.port;
    this.cache = of.cache;
    this.server = of.server;
    this.grpc = of.grpc;
  }

  /** Changes a node's snapshot, which has to be consistent. Gives back what was set, as it goes over the wire. */
  publish(node: string, { set = [], remove = [], onDemand = [], ttlMs }: XdsChange): readonly Resource[] {
    const options = ttlMs === undefined ? {} : { ttlMs };
    const resources = set.map((one) => encodeResource(messageOf(one), { ...options, ...nameOf(one) }));
    const snapshot = (this.cache.get(node) ?? Snapshot.empty).with({ set: resources, remove });
    const faults = snapshot.consistent(({ name }) => name === CONTROL_PLANE_CLUSTER || onDemand.includes(name));
    if (faults.length > 0) throw new Error(faults.map(formatSnapshotFault).join('\n'));
    this.cache.set(node, snapshot);
    return resources;
  }

  /** The order of the stream that was opened last. */
  get order(): XdsOrder {
    return [...this.orders.values()].at(-1) ?? new XdsOrder();
  }

  /** Waits for what the streams carry; rejects with `what` after 20 seconds. */
  until(what: string, holds: (order: XdsOrder) => boolean): Promise<void> {
    if (holds(this.order)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.waiting.delete(look);
        reject(new Error(`${what}: not within 20 seconds; ${JSON.stringify(this.server.status())}`));
      }, 20_000);
      const look = (): void => {
        if (!holds(this.order)) return;
        clearTimeout(deadline);
        this.waiting.delete(look);
        resolve();
      };
      this.waiting.add(look);
    });
  }

  async stop(): Promise<void> {
    this.server.close();
    await this.grpc.stop(0);
  }

  private record(event: XdsEvent): void {
    this.events.push(event);
    let order = this.orders.get(event.stream);
    if (order === undefined) this.orders.set(event.stream, (order = new XdsOrder()));
    order.take(event);
    for (const look of this.waiting) look();
  }
}

function nameOf(resource: object): { readonly name?: string } {
  const { resource_name: name } = resource as { readonly resource_name?: string };
  return name === undefined ? {} : { name };
}

function messageOf(resource: object): Message {
  const {
    '@type': typeUrl,
    resource_name: _,
    ...fields
  } = resource as {
    readonly '@type': string;
    readonly resource_name?: string;
  };
  const typeName = typeNameOfUrl(typeUrl);
  const { message, faults } = loadConfig({ text: JSON.stringify(fields), file: 'snapshot', typeName });
  if (message === undefined || faults.length > 0) throw new Error(faults.map((fault) => formatFault(fault)).join('\n'));
  return message;
}
