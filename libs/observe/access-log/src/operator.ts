import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap, StreamInfo } from '@weft/core-http';
import type { Clock, Random } from '@weft/core-runtime';

/** All that a line of log may tell: one stream at its end. */
export interface LoggedStream {
  readonly info: StreamInfo;
  readonly request: RequestHeaderMap;
  readonly response: ResponseHeaderMap | undefined;
  readonly trailers: HeaderMap | undefined;
  /** Of a local reply that is being written. */
  readonly localReplyBody?: string;
}

/** What of the outside world a format may tell. */
export interface FormatEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly hostname: string;
  readonly environment: (name: string) => string | undefined;
}

/** The value of one `%OPERATOR%` for a stream; undefined where there is none (`-`, or null in JSON). */
export type ValueProvider = (stream: LoggedStream) => string | number | undefined;

export interface Operator {
  /** What may stand in parentheses. */
  readonly argument: 'none' | 'optional' | 'required';
  /** True: `:Z` behind it cuts the value to Z characters. */
  readonly cut: boolean;
  /** Says what is wrong with an argument; undefined for nothing. */
  readonly check?: (argument: string) => string | undefined;
  readonly create: (argument: string, environment: FormatEnvironment) => ValueProvider;
}
