import type { HeaderMap, HeaderSpelling, RequestHeaderMap, ResponseHeaderMap } from '@weft/core-http';
import { parseLength } from './framing.ts';
import { spellingOf, type HeaderKeyFormat } from './header-key-format.ts';
import { FieldKind, kindOf } from './header-names.ts';
import { expectsBody } from './methods.ts';
import { reasonPhrase } from './reason-phrase.ts';

/** What a head that was written promises of its body: a length, or one of these. */
export const Promised = { nothing: -1, chunked: -2, untilClose: -3, raw: -4 } as const;

/** What decides, beside its fields, how a response is written. */
export interface ResponseContext {
  readonly method: string;
  /** HTTP/1.0 clients know no chunks. */
  readonly http10: boolean;
  /** The client asked to leave HTTP by Upgrade or CONNECT. */
  readonly tunnel: boolean;
}

/** Writes heads. One for each codec, used again for every message: its fields hold what the last head said. */
export class HeadWriter {
  /** Octets of the body, or a value of Promised. */
  promised: number = Promised.nothing;
  /** The line that frames a response's body, where its fields did not; it goes behind all others, as with Envoy. */
  framing = '';
  /** The fields asked for `connection: close`. */
  close = false;
  /** How names are spelled; undefined: as they are. */
  spelling: HeaderSpelling | undefined;
  private readonly ownSpelling: HeaderSpelling | undefined;
  private readonly fullyQualified: boolean;
  private length = -1;
  private upgrade = '';

  /** @param fullyQualified request targets are written in absolute form. */
  constructor(format: HeaderKeyFormat, fullyQualified = false) {
    this.ownSpelling = spellingOf(format);
    this.spelling = this.ownSpelling;
    this.fullyQualified = fullyQualified;
  }

  /**
   * The head of a final response, without its last fields: the caller adds `connection`, `framing` and the empty line.
   * Framing and the connection are the codec's: such fields in `headers` are obeyed, not copied.
   */
  response(headers: ResponseHeaderMap, end: boolean, context: ResponseContext): string {
    const { status } = headers;
    const lengthless = status < 200 || status === 204;
    const fields = this.fields(headers, lengthless);
    const text = `${context.http10 ? 'HTTP/1.0' : 'HTTP/1.1'} ${status} ${this.reason(status)}\r\n${fields}`;
    this.framing = '';
    if (context.tunnel && (status === 101 || (context.method === 'CONNECT' && status >= 200 && status < 300))) {
      this.promised = Promised.raw;
      return status === 101 ? text + this.switching(this.upgrade) : text;
    }
    const bodiless = lengthless || status === 304 || context.method === 'HEAD';
    if (this.length >= 0) this.promised = bodiless ? Promised.nothing : this.length;
    else if (end) {
      this.promised = Promised.nothing;
      if (!bodiless) this.framing = `${this.name('content-length')}: 0\r\n`;
      else if (!lengthless && status !== 304 && !context.http10) this.framing = this.chunked();
    } else if (lengthless || status === 304) this.promised = Promised.nothing;
    else if (context.http10) this.promised = bodiless ? Promised.nothing : Promised.untilClose;
    else {
      this.framing = this.chunked();
      this.promised = bodiless ? Promised.nothing : Promised.chunked;
    }
    return text;
  }

  /** An interim response, whole (RFC 9110 section 15.2). */
  informational(headers: ResponseHeaderMap): string {
    const fields = this.fields(headers, true);
    return `HTTP/1.1 ${headers.status} ${this.reason(headers.status)}\r\n${fields}\r\n`;
  }

  /** The head of a request, whole. */
  request(headers: RequestHeaderMap, end: boolean): string {
    const { authority, method, protocol } = headers;
    const connect = method === 'CONNECT' && protocol === '';
    const fields = this.fields(headers, connect);
    let target = connect ? authority : headers.path;
    if (this.fullyQualified && target.charCodeAt(0) === 47) target = `${headers.scheme}://${authority}${target}`;
    let text = `${method} ${target} HTTP/1.1\r\n${this.name('host')}: ${authority}\r\n${fields}`;
    if (connect || protocol !== '') {
      this.promised = Promised.raw;
      if (connect) return `${text}\r\n`;
      return `${text}${this.switching(protocol)}\r\n`;
    }
    if (this.length >= 0) this.promised = this.length;
    else if (end) {
      this.promised = Promised.nothing;
      if (expectsBody(method)) text += `${this.name('content-length')}: 0\r\n`;
    } else {
      this.promised = Promised.chunked;
      text += this.chunked();
    }
    return `${text}\r\n`;
  }

  private chunked(): string {
    return `${this.name('transfer-encoding')}: chunked\r\n`;
  }

  private switching(protocol: string): string {
    const connection = `${this.name('connection')}: upgrade\r\n`;
    return protocol === '' ? connection : `${connection}${this.name('upgrade')}: ${protocol}\r\n`;
  }

  /** `name` as the head that is written spells it. */
  name(name: string): string {
    return this.spelling === undefined ? name : this.spelling.spell(name);
  }

  private reason(status: number): string {
    return this.spelling?.reasonPhrase || reasonPhrase(status);
  }

  private fields(headers: HeaderMap, lengthless: boolean): string {
    const { raw } = headers;
    const spelling = headers.spelling ?? this.ownSpelling;
    this.spelling = spelling;
    this.length = -1;
    this.close = false;
    this.upgrade = '';
    let text = '';
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] as string;
      const kind = kindOf(name);
      if (kind !== FieldKind.plain && !this.keeps(kind, raw[i + 1] as string, lengthless)) continue;
      text += `${spelling === undefined ? name : spelling.spell(name)}: ${raw[i + 1]}\r\n`;
    }
    return text;
  }

  private keeps(kind: FieldKind, value: string, lengthless: boolean): boolean {
    switch (kind) {
      case FieldKind.contentLength: {
        const length = parseLength(value);
        // A second one, or one that is no length, would be read differently by different peers.
        if (lengthless || length < 0 || this.length >= 0) return false;
        this.length = length;
        return true;
      }
      case FieldKind.te:
        return value === 'trailers';
      case FieldKind.connection:
        if (value.toLowerCase() === 'close') this.close = true;
        return false;
      case FieldKind.upgrade:
        this.upgrade = value;
        return false;
      default:
        return false;
    }
  }
}
