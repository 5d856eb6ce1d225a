import { socketAddress } from '@weft/core-http';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import {
  CONTINUE,
  FilterState,
  type AcceptedConnection,
  type ListenerFilter,
  type ListenerFilterFactory,
  type ServerContext,
} from '@weft/proxy-filter-api';
import type { Socket } from 'node:net';

/** An accepted connection that records what a filter makes of it. */
export class FakeAccepted implements AcceptedConnection {
  readonly socket = undefined as never as Socket;
  readonly directRemoteAddress = socketAddress('127.0.0.1', 40000);
  localAddress = socketAddress('127.0.0.1', 80);
  localAddressRestored = false;
  remoteAddress = this.directRemoteAddress;
  transportProtocol = '';
  applicationProtocols: readonly string[] = [];
  serverName = '';
  ja3 = '';
  ja4 = '';
  readonly filterState = new FilterState();
  readonly metadata = new Map<string, Readonly<Record<string, unknown>>>();
  bytes = Buffer.alloc(0) as Buffer;
  closed: string | undefined;
  continued = false;

  setMetadata(namespace: string, values: Readonly<Record<string, unknown>>): void {
    this.metadata.set(namespace, { ...this.metadata.get(namespace), ...values });
  }
  consume(bytes: number): void {
    this.bytes = this.bytes.subarray(bytes);
  }
  continueAccept(): void {
    this.continued = true;
  }
  close(details: string): void {
    this.closed = details;
  }
}

/** A filter prepared with `config`, in a world whose stats and time a test can read. */
export function createFilterWorld<C>(
  factory: ListenerFilterFactory<C>,
  config: C,
  server: Partial<ServerContext> = {},
) {
  const runtime = createFakeRuntime();
  const stats = createNullScope();
  const context: ServerContext = {
    runtime,
    flags: {
      get: () => undefined,
      integer: (_key, otherwise) => otherwise,
      boolean: (_key, otherwise) => otherwise,
      enabled: (_key, { numerator }) => numerator > 0,
    },
    clusters: { get: () => undefined },
    stats,
    node: { id: '', cluster: '', zone: '' },
    draining: false,
    routes: () => ({ table: undefined, close: () => undefined }),
    ...server,
  };
  const prepared = factory.prepare(config, context, {
    name: 'l',
    trafficDirection: 'UNSPECIFIED',
    statPrefix: 'listener.l.',
  });
  return { runtime, stats, prepared, count: (name: string) => stats.counter(name).value };
}

/** Gives `bytes` to a filter of `create`, in pieces; says whether it let the connection pass, and when. */
export function feed(
  create: (connection: AcceptedConnection) => ListenerFilter,
  ...pieces: readonly Buffer[]
): { connection: FakeAccepted; passed: boolean; piecesRead: number } {
  const connection = new FakeAccepted();
  const filter = create(connection);
  let passed = filter.onAccept() === CONTINUE;
  let piecesRead = 0;
  for (const piece of pieces) {
    if (passed || connection.closed !== undefined) break;
    piecesRead += 1;
    connection.bytes = Buffer.concat([connection.bytes, piece]);
    passed = filter.onData?.(connection.bytes) === CONTINUE;
  }
  return { connection, passed, piecesRead };
}

/** Every byte on its own. */
export function bytewise(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.from([byte]));
}
