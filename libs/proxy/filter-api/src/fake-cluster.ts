import { RecordingTransport } from '@weft/core-bytes/testing';
import { nextConnectionId, socketAddress, type ResetReason, type UpstreamConnectionFacts } from '@weft/core-http';
import { RecordingClientStream } from '@weft/core-http/testing';
import { createNullScope } from '@weft/core-stats';
import type { RoutePriority } from '@weft/model-route';
import type {
  Cluster,
  ClusterManager,
  ClusterRequestStats,
  Host,
  HttpPoolCallbacks,
  LoadBalancerContext,
  PoolHandle,
  RetryBreaker,
  TcpPoolCallbacks,
} from './cluster.ts';

/** A connection that was there at once, in plaintext. */
export function fakeConnectionTo(host: Host): UpstreamConnectionFacts {
  return {
    id: nextConnectionId(),
    protocol: 'HTTP/1.1',
    host,
    localAddress: undefined,
    ssl: undefined,
    connectBeginMs: 0,
    connectEndMs: 0,
    handshakeEndMs: -1,
  };
}

/** The numbers that a router charges, each from 0. */
export class FakeRequestStats implements ClusterRequestStats {
  dropped = 0;
  private readonly scope = createNullScope();
  readonly upstreamRqTimeout = this.scope.counter('upstreamRqTimeout');
  readonly upstreamRqPerTryTimeout = this.scope.counter('upstreamRqPerTryTimeout');
  readonly upstreamRqPerTryIdleTimeout = this.scope.counter('upstreamRqPerTryIdleTimeout');
  readonly upstreamRqMaxDurationReached = this.scope.counter('upstreamRqMaxDurationReached');
  readonly upstreamRqCancelled = this.scope.counter('upstreamRqCancelled');
  readonly upstreamRqRetry = this.scope.counter('upstreamRqRetry');
  readonly upstreamRqRetrySuccess = this.scope.counter('upstreamRqRetrySuccess');
  readonly upstreamRqRetryOverflow = this.scope.counter('upstreamRqRetryOverflow');
  readonly upstreamRqRetryLimitExceeded = this.scope.counter('upstreamRqRetryLimitExceeded');
  readonly upstreamRqRetryBackoffExponential = this.scope.counter('upstreamRqRetryBackoffExponential');
  readonly upstreamRqRetryBackoffRatelimited = this.scope.counter('upstreamRqRetryBackoffRatelimited');
  readonly upstreamRqRxReset = this.scope.counter('upstreamRqRxReset');
  readonly upstreamRqTxReset = this.scope.counter('upstreamRqTxReset');
  readonly upstreamRqMaintenanceMode = this.scope.counter('upstreamRqMaintenanceMode');
  readonly upstreamInternalRedirectSucceeded = this.scope.counter('upstreamInternalRedirectSucceeded');
  readonly upstreamInternalRedirectFailed = this.scope.counter('upstreamInternalRedirectFailed');
  readonly upstreamCxConnectAttemptsExceeded = this.scope.counter('upstreamCxConnectAttemptsExceeded');
  readonly upstreamCxNoneHealthy = this.scope.counter('upstreamCxNoneHealthy');
  readonly retryOrShadowAbandoned = this.scope.counter('retryOrShadowAbandoned');
  readonly upstreamRqTime = { record: () => undefined };
  readonly upstreamFlowControlPausedReading = this.scope.counter('upstreamFlowControlPausedReading');
  readonly upstreamFlowControlResumedReading = this.scope.counter('upstreamFlowControlResumedReading');
  readonly upstreamFlowControlBackedUp = this.scope.counter('upstreamFlowControlBackedUp');
  readonly upstreamFlowControlDrained = this.scope.counter('upstreamFlowControlDrained');
  /** `200` or `internal 200`, in the order charged. */
  readonly charged: string[] = [];
  readonly retried: number[] = [];
  readonly timesMs: number[] = [];

  chargeResponse(code: number, internal: boolean): void {
    this.charged.push(internal ? `internal ${code}` : String(code));
  }
  chargeRetried(code: number): void {
    this.retried.push(code);
  }
  recordTime(ms: number): void {
    this.timesMs.push(ms);
  }
}

/** One stream that somebody asked a FakeCluster for. The test answers through `owner`. */
export interface FakeAttempt {
  readonly host: Host;
  readonly owner: HttpPoolCallbacks;
  readonly priority: RoutePriority;
  readonly stream: RecordingClientStream;
  cancelled: boolean;
}

/** One connection for raw bytes that somebody asked a FakeCluster for. The test speaks through `transport.receiver`. */
export interface FakeConnection {
  readonly host: Host;
  readonly owner: TcpPoolCallbacks;
  readonly transport: RecordingTransport;
  cancelled: boolean;
}

/** A cluster of plain hosts in rotation, whose pools do what `pool` says. */
export class FakeCluster implements Cluster {
  readonly metadata = {};
  readonly name: string;
  readonly altStatName: string;
  readonly requestStats = new FakeRequestStats();
  readonly stats = createNullScope();
  readonly hosts: Host[];
  readonly attempts: FakeAttempt[] = [];
  readonly connections: FakeConnection[] = [];
  maintenanceMode = false;
  /** What `decideDrop` says. */
  drops: 'all' | 'this' | undefined;
  maxStreamDurationMs = 0;
  /** `ready`: a stream at once. `wait`: none until the test calls `ready`. Otherwise the pool fails with it, at once. */
  pool: 'ready' | 'wait' | ResetReason = 'ready';
  /** With a failing pool: what the transport said. */
  failure = '';
  maxRetries = 3;
  activeRetries = 0;
  private next = 0;

  constructor(name: string, hosts = 1) {
    this.name = name;
    this.altStatName = name;
    this.hosts = Array.from({ length: hosts }, (_, i) => ({
      address: socketAddress(`10.0.0.${i + 1}`, 80),
      hostname: `${name}-${i + 1}.test`,
      weight: 1,
      stats: { rqSuccess: 0, rqError: 0, rqTimeout: 0 },
    }));
  }

  decideDrop(): 'all' | 'this' | undefined {
    return this.drops;
  }

  pick(cx: LoadBalancerContext): Host | undefined {
    let host: Host | undefined;
    for (let asked = 0; asked <= cx.hostSelectionRetries; asked += 1) {
      host = this.hosts[this.next % this.hosts.length];
      this.next += 1;
      if (host === undefined || !cx.shouldSelectAnotherHost(host)) break;
    }
    return host;
  }

  retryBreaker(): RetryBreaker {
    return {
      active: undefined,
      tryAcquire: () => {
        if (this.activeRetries >= this.maxRetries) return false;
        this.activeRetries += 1;
        return true;
      },
      release: () => {
        this.activeRetries -= 1;
      },
    };
  }

  newStream(host: Host, priority: RoutePriority, owner: HttpPoolCallbacks): PoolHandle | undefined {
    const attempt: FakeAttempt = { host, priority, owner, stream: new RecordingClientStream(owner), cancelled: false };
    this.attempts.push(attempt);
    if (this.pool === 'ready') {
      this.ready(attempt);
      return undefined;
    }
    if (this.pool !== 'wait') {
      owner.onPoolFailure({
        reason: this.pool,
        details: this.failure,
        host: this.pool === 'overflow' ? undefined : host,
      });
      return undefined;
    }
    return {
      cancel: () => {
        attempt.cancelled = true;
      },
    };
  }

  /** Gives an attempt that waited its stream. */
  ready(attempt: FakeAttempt): void {
    attempt.owner.onPoolReady(attempt.stream, attempt.host, fakeConnectionTo(attempt.host));
  }

  newConnection(host: Host, _priority: RoutePriority, owner: TcpPoolCallbacks): PoolHandle | undefined {
    const connection: FakeConnection = { host, owner, transport: new RecordingTransport(16), cancelled: false };
    this.connections.push(connection);
    if (this.pool === 'ready') owner.onPoolReady(connection.transport, host, fakeConnectionTo(host));
    else if (this.pool !== 'wait') owner.onPoolFailure({ reason: this.pool, details: this.failure, host });
    if (this.pool !== 'wait') return undefined;
    return {
      cancel: () => {
        connection.cancelled = true;
      },
    };
  }

  get last(): FakeAttempt {
    const attempt = this.attempts.at(-1);
    if (attempt === undefined) throw new Error(`nobody asked ${this.name} for a stream`);
    return attempt;
  }
}

/** The clusters of a test, by name. */
export class FakeClusters implements ClusterManager {
  private readonly byName: Map<string, Cluster>;

  constructor(...clusters: readonly Cluster[]) {
    this.byName = new Map(clusters.map((cluster) => [cluster.name, cluster]));
  }
  get(name: string): Cluster | undefined {
    return this.byName.get(name);
  }
  remove(name: string): void {
    this.byName.delete(name);
  }
}
