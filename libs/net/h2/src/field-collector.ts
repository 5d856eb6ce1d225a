import { FieldJoiner } from '@weft/core-http';
import { Details } from './details.ts';
import type { HpackSink } from './hpack/index.ts';
import type { Http2Settings } from './settings.ts';

/** What is done about a head that cannot be used. */
export const Fault = {
  none: 0,
  /** Malformed (RFC 9113 section 8.1.1): an error of the stream, or of the connection, as settings say. */
  malformed: 1,
  /** Too large: always an error of the stream. */
  overflow: 2,
  /** Refused by configuration: likewise. */
  refused: 3,
} as const;
export type Fault = (typeof Fault)[keyof typeof Fault];

const COLON = 58;
const SPACE = 32;
const HTAB = 9;

/**
 * Collects the fields of one header block and judges them by RFC 9113 section 8.2. After a fault it collects no more, while
 * the decoder goes on to its end. One for each codec and kind of block, used again for every block.
 */
export abstract class FieldCollector implements HpackSink {
  fault: Fault = Fault.none;
  /** Why, where there is a fault. */
  details: Details = Details.messaging;
  /** The value of `content-length`, -1 without. */
  contentLength = -1;
  protected raw: string[] = [];
  protected readonly settings: Http2Settings;
  private readonly joiner: FieldJoiner;
  /** Octets of names and values so far. */
  bytes = 0;
  private count = 0;
  private cookieAt = -1;
  /** A field that is none of the pseudo headers was there: those come first. */
  private regular = false;

  /** @param joined names whose repeated fields become one. */
  constructor(settings: Http2Settings, joined: ReadonlySet<string>) {
    this.settings = settings;
    this.joiner = new FieldJoiner(joined);
  }

  /** Before each block. */
  begin(): void {
    this.fault = Fault.none;
    this.contentLength = -1;
    this.raw = [];
    this.joiner.begin();
    this.bytes = 0;
    this.count = 0;
    this.cookieAt = -1;
    this.regular = false;
  }

  field(name: string, value: string, wellFormed: boolean): void {
    if (this.fault !== Fault.none) return;
    if (!wellFormed) return this.refuse(Fault.malformed, Details.invalidHeader);
    if (!this.fits(name, value)) return;
    if (name.charCodeAt(0) === COLON) {
      if (this.regular || !this.pseudo(name, value)) this.refuse(Fault.malformed, Details.messaging);
      return;
    }
    this.regular = true;
    if (!this.special(name, value)) this.joiner.add(this.raw, name, trimmed(value));
  }

  /** A pseudo header; false: it may not be here. */
  protected abstract pseudo(name: string, value: string): boolean;

  protected abstract keepHost(value: string): void;

  protected refuse(fault: Fault, details: Details): void {
    this.fault = fault;
    this.details = details;
  }

  private fits(name: string, value: string): boolean {
    const { settings } = this;
    this.count += 1;
    this.bytes += name.length + value.length;
    if (this.count > settings.maxHeadersCount) {
      settings.stats.headerOverflow.inc();
      this.refuse(Fault.overflow, Details.tooManyHeaders);
      return false;
    }
    if (this.bytes > settings.maxHeadersKb * 1024) {
      settings.stats.headerListSizeTooLarge.inc();
      this.refuse(Fault.overflow, Details.tooManyHeaders);
      return false;
    }
    return true;
  }

  /** Fields that are more than a name and a value; true: `raw` does not get it as it is. */
  protected special(name: string, value: string): boolean {
    // Most names are settled by their length alone.
    switch (name.length) {
      case 2:
        if (name === 'te' && value !== 'trailers') return this.malformed();
        return false;
      case 4:
        if (name !== 'host') return false;
        this.keepHost(value);
        return true;
      case 6:
        return name === 'cookie' && this.joinCookie(value);
      case 7:
        return name === 'upgrade' && this.malformed();
      case 10:
        return (name === 'connection' || name === 'keep-alive') && this.malformed();
      case 14:
        return name === 'content-length' && this.readLength(value);
      case 16:
        return name === 'proxy-connection' && this.malformed();
      case 17:
        return name === 'transfer-encoding' && this.malformed();
      default:
        return false;
    }
  }

  /** Fields of one connection have no place here (RFC 9113 section 8.2.2). */
  private malformed(): true {
    this.refuse(Fault.malformed, Details.invalidHeader);
    return true;
  }

  /** Crumbs of a cookie become one field again (RFC 9113 section 8.2.3). */
  private joinCookie(value: string): boolean {
    const { raw } = this;
    if (this.cookieAt < 0) {
      this.cookieAt = raw.length;
      return false;
    }
    raw[this.cookieAt + 1] += `; ${trimmed(value)}`;
    return true;
  }

  protected readLength(value: string): boolean {
    const length = parseLength(value);
    // A second one would be read differently by different peers.
    if (length < 0 || this.contentLength >= 0) return this.malformed();
    this.contentLength = length;
    return false;
  }
}

/** A number of octets, or -1: digits only (RFC 9110 section 8.6), and no more than are exact. */
function parseLength(value: string): number {
  const { length } = value;
  if (length === 0 || length > 15) return -1;
  let result = 0;
  for (let i = 0; i < length; i++) {
    const digit = value.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    result = result * 10 + digit;
  }
  return result;
}

/**
 * The value without blanks at its ends, which RFC 9113 section 8.2.1 does not allow: Envoy passes such messages on, and servers of
 * HTTP/1.1 take the blanks off. What frames and routes a message must be right as it is.
 */
function trimmed(value: string): string {
  const { length } = value;
  if (length === 0 || !(isSpace(value.charCodeAt(0)) || isSpace(value.charCodeAt(length - 1)))) return value;
  let [from, to] = [0, length];
  while (from < to && isSpace(value.charCodeAt(from))) from += 1;
  while (to > from && isSpace(value.charCodeAt(to - 1))) to -= 1;
  return value.slice(from, to);
}

function isSpace(code: number): boolean {
  return code === SPACE || code === HTAB;
}
