import assert from 'node:assert/strict';
import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import type { Message } from '@bufbuild/protobuf';
import { RecordingTransport } from '@weft/core-bytes/testing';
import { socketAddress, type DownstreamConnection } from '@weft/core-http';
import type { RuntimeSnapshot } from '@weft/core-runtime';
import { createFakeRuntime, type FakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope, type StatsScope } from '@weft/core-stats';
import {
  FilterState,
  type ClusterManager,
  type Connection,
  type FilteredConnection,
  type ListenerFacts,
  type ServerContext,
} from '@weft/proxy-filter-api';
import { FakeClusters } from '@weft/proxy-filter-api/testing';

/** The server around filters under test: time, stats, clusters and runtime keys in the test's hands. */
export interface FilterWorld {
  readonly server: ServerContext & { draining: boolean };
  readonly runtime: FakeRuntime;
  readonly stats: StatsScope;
  readonly keys: Map<string, string>;
  value(name: string): number;
}

export const LISTENER: ListenerFacts = { name: 'l', trafficDirection: 'UNSPECIFIED' } as ListenerFacts;

export function filterWorld(clusters: ClusterManager = new FakeClusters(), draws?: readonly number[]): FilterWorld {
  const runtime = createFakeRuntime(draws);
  const stats = createNullScope();
  const keys = new Map<string, string>();
  const flags: RuntimeSnapshot = {
    get: (key) => keys.get(key),
    integer: (key, otherwise) => Number(keys.get(key) ?? otherwise),
    boolean: (key, otherwise) => (keys.has(key) ? keys.get(key) === 'true' : otherwise),
    enabled: (_key, otherwise, draw) => draw % otherwise.denominator < otherwise.numerator,
  };
  const server = { runtime, stats, flags, clusters, draining: false } as unknown as ServerContext & {
    draining: boolean;
  };
  return { server, runtime, stats, keys, value: (name) => stats.counter(name).value };
}

/** What a factory decodes from YAML, with the faults of form and meaning. */
export function decodeYaml<C>(
  factory: { readonly typeName: string; decode(message: Message, cx: DecodeContext): C | undefined },
  yaml: string,
): { config: C | undefined; faults: string[] } {
  const { message, faults } = loadConfig({ text: yaml, file: 'filter.yaml', typeName: factory.typeName });
  const cx = new DecodeContext(sourceNamed('filter.yaml'));
  const config = message && factory.decode(message, cx);
  return { config, faults: [...faults, ...cx.faults].map((fault) => `${fault.path}: ${fault.message}`) };
}

export function mustDecode<C>(factory: Parameters<typeof decodeYaml<C>>[0], yaml: string): C {
  const { config, faults } = decodeYaml(factory, yaml);
  assert.ok(config, faults.join('\n'));
  return config;
}

/** A connection for a terminal filter. */
export function clientConnection(more: Partial<DownstreamConnection> = {}): Connection & {
  readonly transport: RecordingTransport;
  readonly filterState: FilterState;
} {
  const address = socketAddress('127.0.0.1', 1);
  return {
    transport: new RecordingTransport(16),
    info: { id: 1, localAddress: address, directRemoteAddress: address, tls: false, requestedServerName: '', ...more },
    bufferLimitBytes: 1024,
    filterState: new FilterState(),
  };
}

/** A connection for a filter before the terminal one; `closed` has the details it was closed with. */
export function filteredConnection(more: Partial<DownstreamConnection> = {}): FilteredConnection & {
  readonly closed: string[];
} {
  const closed: string[] = [];
  return {
    ...clientConnection(more),
    closed,
    continueReading: () => undefined,
    close: (details) => closed.push(details),
  };
}
