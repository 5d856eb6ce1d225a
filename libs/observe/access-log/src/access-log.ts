import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap, StreamInfo } from '@weft/core-http';
import { createFilter, type AccessLogFilter, type AccessLogFilterConfig, type FilterContext } from './filter.ts';
import { createFormatter, type Formatter, type LogFormat } from './formatter.ts';
import type { EntrySink, GrpcLogConfig } from './grpc-log.ts';
import type { FormatEnvironment, LoggedStream } from './operator.ts';
import { formatCountsBytes } from './wire-bytes.ts';

/** One access log as configured. Source: envoy.config.accesslog.v3.AccessLog. */
export type AccessLogConfig = (FileLogConfig | { readonly grpc: GrpcLogConfig }) & {
  /** Undefined: every stream is logged. */
  readonly filter: AccessLogFilterConfig | undefined;
};

export interface FileLogConfig {
  /** The file; `/dev/stdout` and `/dev/stderr` for the standard streams. */
  readonly path: string;
  readonly format: LogFormat;
}

/** Where lines go. Several logs may share one. */
export interface LineSink {
  /** Characters below U+0100, a byte each. */
  write(line: string): void;
}

export interface AccessLogContext extends FormatEnvironment, FilterContext {
  /** The sink of a path: the same one each time. Throws the system's error where it cannot be opened. */
  open(path: string): LineSink;
  /** Logs that go to servers. Absent: there are none. */
  readonly grpc?: { open(config: GrpcLogConfig): EntrySink };
}

const NOWHERE: EntrySink = { log: () => undefined };

class LineLog implements EntrySink {
  private readonly format: Formatter;
  private readonly sink: LineSink;

  constructor({ format, path }: FileLogConfig, context: AccessLogContext) {
    this.format = createFormatter(format, context);
    this.sink = context.open(path);
  }

  log(stream: LoggedStream): void {
    this.sink.write(this.format(stream));
  }
}

/** Tells of each stream that its filter lets pass. */
export class AccessLog {
  /** It tells what streams cost on the wire, which is counted only for those who ask. */
  readonly countsBytes: boolean;
  private readonly filter: AccessLogFilter | undefined;
  private readonly sink: EntrySink;

  /** Opens the file: throws the system's error where that fails. */
  constructor(config: AccessLogConfig, context: AccessLogContext) {
    this.countsBytes = 'grpc' in config || formatCountsBytes(config.format);
    this.filter = config.filter === undefined ? undefined : createFilter(config.filter, context);
    this.sink = 'grpc' in config ? (context.grpc?.open(config.grpc) ?? NOWHERE) : new LineLog(config, context);
  }

  /** Called once a stream is over and all is known of it. */
  log(
    info: StreamInfo,
    request: RequestHeaderMap,
    response: ResponseHeaderMap | undefined,
    trailers?: HeaderMap,
  ): void {
    const stream = { info, request, response, trailers };
    if (this.filter === undefined || this.filter(stream)) this.sink.log(stream);
  }
}
