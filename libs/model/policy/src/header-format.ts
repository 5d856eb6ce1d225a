import type { RequestHeaderMap, ResponseHeaderMap, StreamInfo } from '@weft/core-http';

/** What a format may speak of. A FilterStream is one. */
export interface FormatContext {
  readonly info: StreamInfo;
  readonly requestHeaders: RequestHeaderMap;
  readonly responseHeaders: ResponseHeaderMap | undefined;
}

/** One `%COMMAND%`: its value, `''` where there is none. */
export type FormatOperator = (cx: FormatContext) => string;

/** A header value with commands, compiled: literals and operators in order. */
export class HeaderFormat {
  /** The text where it has no command. */
  readonly literal: string | undefined;
  private readonly parts: readonly (string | FormatOperator)[];

  constructor(parts: readonly (string | FormatOperator)[]) {
    this.parts = parts;
    this.literal = parts.every((part) => typeof part === 'string') ? parts.join('') : undefined;
  }

  evaluate(cx: FormatContext): string {
    if (this.literal !== undefined) return this.literal;
    let text = '';
    for (const part of this.parts) text += typeof part === 'string' ? part : part(cx);
    return text;
  }
}
