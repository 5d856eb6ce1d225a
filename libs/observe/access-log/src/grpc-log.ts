import { OneWayStream, type GrpcChannel } from '@weft/core-grpc';
import { after, type Clock, type Timer, type Timers } from '@weft/core-runtime';
import type { Counter, StatsScope } from '@weft/core-stats';
import type { GrpcService } from '@weft/model-config-source';
import { encodeEntry, encodeMessage } from './grpc-log.encode.ts';
import type { LoggedStream } from './operator.ts';

/** A log that is streamed to a server. Source: envoy.extensions.access_loggers.grpc.v3. */
export interface GrpcLogConfig {
  readonly logName: string;
  readonly service: GrpcService;
  readonly kind: 'http' | 'tcp';
  /** How long an entry waits for others at most. Default 1,000. */
  readonly flushIntervalMs: number;
  /** How many bytes of entries wait at most; 0: none, each is sent at once. Default 16,384. */
  readonly bufferBytes: number;
  /** Further headers that entries tell, in lower case. */
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
  readonly responseTrailers: readonly string[];
}

export interface GrpcLogsOptions {
  readonly channels: (service: GrpcService) => GrpcChannel;
  /** The fields of the Node. */
  readonly node: object;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The root: they count under `access_logs.grpc_access_log.`. */
  readonly stats: StatsScope;
}

/** Takes entries of one log. */
export interface EntrySink {
  log(stream: LoggedStream): void;
}

/** The logs that go to servers: those that name the same server and log share a stream and its buffer. */
export class GrpcLogs {
  private readonly options: GrpcLogsOptions;
  private readonly logs = new Map<string, GrpcLog>();
  private readonly counted: LogCounters;

  constructor(options: GrpcLogsOptions) {
    this.options = options;
    const own = options.stats.scope('access_logs.grpc_access_log.');
    this.counted = {
      written: own.counter('logs_written'),
      dropped: own.counter('logs_dropped'),
      flushed: own.counter('grpc_entries_flushed'),
      flushFailed: own.counter('grpc_entries_flush_failed'),
    };
  }

  open(config: GrpcLogConfig): EntrySink {
    const { service, logName, kind, flushIntervalMs, bufferBytes } = config;
    const key = JSON.stringify([service, logName, kind, flushIntervalMs, bufferBytes]);
    let log = this.logs.get(key);
    if (log === undefined) {
      log = new GrpcLog(config, this.options, this.counted);
      this.logs.set(key, log);
    }
    const shared = log;
    return { log: (stream) => shared.add(encodeEntry(stream, config, this.options.clock)) };
  }

  /** Sends what waits, and no more. */
  close(): void {
    for (const log of this.logs.values()) log.close();
    this.logs.clear();
  }
}

interface LogCounters {
  /** Entries that were taken, and that found no room. */
  readonly written: Counter;
  readonly dropped: Counter;
  /** Entries that were sent, and that the server took no message for. */
  readonly flushed: Counter;
  readonly flushFailed: Counter;
}

class GrpcLog {
  private readonly config: GrpcLogConfig;
  private readonly options: GrpcLogsOptions;
  private readonly counted: LogCounters;
  private readonly stream: OneWayStream;
  private entries: Uint8Array[] = [];
  private bytes = 0;
  private timer: Timer | undefined;
  private failed = false;

  constructor(config: GrpcLogConfig, options: GrpcLogsOptions, counted: LogCounters) {
    this.config = config;
    this.options = options;
    this.counted = counted;
    this.stream = new OneWayStream({
      channel: () => options.channels(config.service),
      path: '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs',
      metadata: config.service.initialMetadata,
      onEnd: () => (this.failed = true),
    });
  }

  add(entry: Uint8Array): void {
    const { bufferBytes, flushIntervalMs } = this.config;
    // A full buffer is one that the server did not take: what comes now is lost, and what waits is not.
    if (bufferBytes > 0 && this.bytes >= bufferBytes && !this.flush()) {
      this.counted.dropped.inc();
      return;
    }
    this.counted.written.inc();
    this.entries.push(entry);
    this.bytes += entry.length;
    if (this.bytes >= bufferBytes) this.flush();
    else this.timer ??= after(this.options.timers, flushIntervalMs, () => this.onInterval());
  }

  close(): void {
    this.timer?.cancel();
    this.flush();
    this.stream.close();
  }

  private onInterval(): void {
    this.timer = undefined;
    this.failed = false;
    if (!this.flush()) this.timer = after(this.options.timers, this.config.flushIntervalMs, () => this.onInterval());
  }

  /** False: the server takes nothing for now. A stream that just ended is begun again at the next interval. */
  private flush(): boolean {
    if (this.entries.length === 0) return true;
    if (this.failed && this.stream.fresh) {
      this.timer ??= after(this.options.timers, this.config.flushIntervalMs, () => this.onInterval());
      return false;
    }
    const identity = this.stream.fresh ? { node: this.options.node, logName: this.config.logName } : undefined;
    const { flushed, flushFailed } = this.counted;
    const sent = this.stream.send(encodeMessage(this.config.kind, this.entries, identity));
    (sent ? flushed : flushFailed).add(this.entries.length);
    if (!sent) return false;
    this.entries = [];
    this.bytes = 0;
    return true;
  }
}
