import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap, StreamInfo } from '@weft/core-http';
import { createFilter, type AccessLogFilter, type AccessLogFilterConfig, type FilterContext } from './filter.ts';
import { createFormatter, type Formatter, type LogFormat } from './formatter.ts';
import type { FormatEnvironment } from './operator.ts';

/** One access log as configured. Source: envoy.config.accesslog.v3.AccessLog. */
export interface AccessLogConfig {
  /** The file; `/dev/stdout` and `/dev/stderr` for the standard streams. */
  readonly path: string;
  readonly format: LogFormat;
  /** Undefined: every stream is logged. */
  readonly filter: AccessLogFilterConfig | undefined;
}

/** Where lines go. Several logs may share one. */
export interface LineSink {
  /** Characters below U+0100, a byte each. */
  write(line: string): void;
}

export interface AccessLogContext extends FormatEnvironment, FilterContext {
  /** The sink of a path: the same one each time. Throws the system's error where it cannot be opened. */
  open(path: string): LineSink;
}

/** Writes a line for each stream that its filter lets pass. */
export class AccessLog {
  private readonly filter: AccessLogFilter | undefined;
  private readonly format: Formatter;
  private readonly sink: LineSink;

  /** Opens the file: throws the system's error where that fails. */
  constructor(config: AccessLogConfig, context: AccessLogContext) {
    this.filter = config.filter === undefined ? undefined : createFilter(config.filter, context);
    this.format = createFormatter(config.format, context);
    this.sink = context.open(config.path);
  }

  /** Called once a stream is over and all is known of it. */
  log(
    info: StreamInfo,
    request: RequestHeaderMap,
    response: ResponseHeaderMap | undefined,
    trailers?: HeaderMap,
  ): void {
    const stream = { info, request, response, trailers };
    if (this.filter === undefined || this.filter(stream)) this.sink.write(this.format(stream));
  }
}
