import type { Runtime, RuntimeSnapshot } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import { AccessLog, GrpcLogs, LogFiles, type AccessLogConfig, type GrpcLogsOptions } from '@weft/observe-access-log';
import { hostname } from 'node:os';

/** The access logs of one proxy, over files that are shared by name, and over streams to servers. */
export class AccessLogFiles {
  private readonly runtime: Runtime;
  private readonly flags: RuntimeSnapshot;
  private readonly files: LogFiles;
  private readonly grpc: GrpcLogs;

  constructor(
    runtime: Runtime,
    flags: RuntimeSnapshot,
    files: { readonly stats: StatsScope; readonly flushIntervalMs: number } & Pick<
      GrpcLogsOptions,
      'channels' | 'node'
    >,
  ) {
    this.runtime = runtime;
    this.flags = flags;
    this.files = new LogFiles(runtime.timers, files.stats, files.flushIntervalMs);
    const { clock, timers } = runtime;
    this.grpc = new GrpcLogs({ channels: files.channels, node: files.node, clock, timers, stats: files.stats });
  }

  /** Opens the files of these logs. Throws a sentence that names the one that cannot be opened. */
  create(configs: readonly AccessLogConfig[]): AccessLog[] {
    const { clock, random } = this.runtime;
    return configs.map((config) => {
      try {
        return new AccessLog(config, {
          clock,
          random,
          flags: this.flags,
          hostname: hostname(),
          // A format may name variables of the environment; only configuration decides which are looked at.
          // eslint-disable-next-line no-restricted-properties
          environment: (name) => process.env[name],
          open: (path) => this.files.open(path),
          grpc: this.grpc,
        });
      } catch (error) {
        throw new Error(
          `the access log ${'path' in config ? config.path : ''} cannot be opened: ${(error as Error).message}`,
          {
            cause: error,
          },
        );
      }
    });
  }

  reopen(): void {
    this.files.reopen();
  }
  /** Resolves when every line is written. */
  close(): Promise<void> {
    this.grpc.close();
    return this.files.close();
  }
}
