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

/** A value that is JSON: as it is in JSON formats, its text in text formats. Characters below U+0100, a byte each. */
export interface JsonValue {
  readonly json: string;
}

export type LogValue = string | number | JsonValue | undefined;

/** The value of one `%OPERATOR%` for a stream; undefined where there is none (`-`, or null in JSON). */
export type ValueProvider = (stream: LoggedStream) => LogValue;

export interface Operator {
  /** What may stand in parentheses. */
  readonly argument: 'none' | 'optional' | 'required';
  /** True: `:Z` behind it cuts the value to Z characters. */
  readonly cut: boolean;
  /** Says what is wrong with an argument; undefined for nothing. */
  readonly check?: (argument: string) => string | undefined;
  readonly create: (argument: string, environment: FormatEnvironment) => ValueProvider;
}

/** An operator without argument. */
export function plain(provide: ValueProvider): Operator {
  return { argument: 'none', cut: false, create: () => provide };
}

/** Text of Weft in the form of lines: its UTF-8 bytes, a character each. */
export function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Log readers split at blanks; Envoy writes sentences of its own with underscores. */
export function withoutBlanks(text: string): string | undefined {
  if (text === '') return undefined;
  return text.includes(' ') ? text.replaceAll(' ', '_') : text;
}
