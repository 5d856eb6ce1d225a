import type { Counter, Gauge, Histogram, StatsScope } from '@weft/core-stats';

/** `redis.<prefix>.command.<name>.` */
export interface CommandStats {
  readonly total: Counter;
  readonly success: Counter;
  readonly error: Counter;
  readonly latency: Histogram;
}

/** `redis.<stat_prefix>.`: Envoy's statistics of redis_proxy. */
export class RedisProxyStats {
  readonly cxTotal: Counter;
  readonly cxActive: Gauge;
  readonly cxProtocolError: Counter;
  readonly cxDrainClose: Counter;
  readonly rxBytesTotal: Counter;
  readonly txBytesTotal: Counter;
  readonly rqTotal: Counter;
  readonly rqActive: Gauge;
  readonly rqNoproto: Counter;
  readonly invalidRequest: Counter;
  readonly unsupportedCommand: Counter;
  private readonly commands: ReadonlyMap<string, CommandStats>;

  constructor(scope: StatsScope, commands: Iterable<string>) {
    this.cxTotal = scope.counter('downstream_cx_total');
    this.cxActive = scope.gauge('downstream_cx_active');
    this.cxProtocolError = scope.counter('downstream_cx_protocol_error');
    this.cxDrainClose = scope.counter('downstream_cx_drain_close');
    this.rxBytesTotal = scope.counter('downstream_cx_rx_bytes_total');
    this.txBytesTotal = scope.counter('downstream_cx_tx_bytes_total');
    this.rqTotal = scope.counter('downstream_rq_total');
    this.rqActive = scope.gauge('downstream_rq_active');
    this.rqNoproto = scope.counter('downstream_rq_noproto');
    this.invalidRequest = scope.counter('splitter.invalid_request');
    this.unsupportedCommand = scope.counter('splitter.unsupported_command');
    for (const name of ['downstream_cx_rx_bytes_buffered', 'downstream_cx_tx_bytes_buffered']) scope.gauge(name);
    this.commands = new Map(Array.from(commands, (name) => [name, commandStats(scope.scope(`command.${name}.`))]));
  }

  of(command: string): CommandStats {
    return this.commands.get(command) as CommandStats;
  }
}

function commandStats(scope: StatsScope): CommandStats {
  for (const name of ['error_fault', 'delay_fault']) scope.counter(name);
  return {
    total: scope.counter('total'),
    success: scope.counter('success'),
    error: scope.counter('error'),
    latency: scope.histogram('latency'),
  };
}

/** What a cluster counts of the commands sent to it: `upstream_rq_*`, and by command where that is asked for. */
export class UpstreamStats {
  readonly rqTotal: Counter;
  readonly rqActive: Gauge;
  readonly helloFailure: Counter;
  private readonly commandScope: StatsScope | undefined;
  private readonly rqTime: Histogram | undefined;
  private readonly commands = new Map<string, UpstreamCommandStats>();

  constructor(cluster: StatsScope, byCommand: boolean) {
    this.rqTotal = cluster.counter('upstream_rq_total');
    this.rqActive = cluster.gauge('upstream_rq_active');
    const redis = cluster.scope('redis_cluster.');
    for (const name of ['connection_rate_limited', 'max_upstream_unknown_connections_reached', 'upstream_cx_drained'])
      redis.counter(name);
    this.helloFailure = redis.counter('upstream_resp3_hello_failure');
    this.commandScope = byCommand ? redis.scope('upstream_commands.') : undefined;
    this.rqTime = this.commandScope?.histogram('upstream_rq_time');
  }

  sent(command: string): void {
    this.rqTotal.inc();
    this.rqActive.inc();
    this.of(command)?.total.inc();
  }
  /** `failed`: an error came back, or nothing did. */
  done(command: string, failed: boolean, ms: number): void {
    this.rqActive.dec();
    const stats = this.of(command);
    if (stats === undefined) return;
    (failed ? stats.failure : stats.success).inc();
    const micros = Math.round(ms * 1000);
    stats.latency.record(micros);
    this.rqTime?.record(micros);
  }

  private of(command: string): UpstreamCommandStats | undefined {
    if (this.commandScope === undefined) return undefined;
    let stats = this.commands.get(command);
    if (stats === undefined) {
      const scope = this.commandScope.scope(`${command}.`);
      stats = {
        total: scope.counter('total'),
        success: scope.counter('success'),
        failure: scope.counter('failure'),
        latency: scope.histogram('latency'),
      };
      this.commands.set(command, stats);
    }
    return stats;
  }
}

interface UpstreamCommandStats {
  readonly total: Counter;
  readonly success: Counter;
  readonly failure: Counter;
  readonly latency: Histogram;
}
