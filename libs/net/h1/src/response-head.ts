import { JOINED_RESPONSE_HEADERS, ResponseHeaderMap } from '@weft/core-http';
import { CR, FIELD_VALUE, SP } from './chars.ts';
import { connectionOptions, removeNominated } from './connection-field.ts';
import { Details } from './details.ts';
import { FieldParser } from './field-parser.ts';
import { Framing, judgeFraming } from './framing.ts';
import type { Http1Settings } from './settings.ts';

const EMPTY = Buffer.alloc(0);

/** Reads response heads. One for each codec, used again for every response: its fields hold what the last head said. */
export class ResponseHeadParser {
  details: Details = Details.codecError;
  /** Octets of the body, or a value of Framing; never `Framing.faulty` in an accepted head. */
  framing: number = Framing.none;
  /** The connection may take another request afterwards, as far as the server is concerned. */
  keepAlive = true;

  private readonly fields = new FieldParser(JOINED_RESPONSE_HEADERS);
  private readonly section: { bytes: Buffer; text: string; base: number } = { bytes: EMPTY, text: '', base: 0 };
  private readonly settings: Http1Settings;
  private minorVersion = 1;
  private status = 0;
  private reasonFrom = 0;
  private fieldsFrom = 0;

  constructor(settings: Http1Settings) {
    this.settings = settings;
    if (typeof settings.headerKeyFormat === 'object') this.fields.preserveCase = settings.headerKeyFormat;
  }

  /** Parses the head in `bytes[from..to + 4)`, where `to` is the place of the CRLF CRLF that ends it. */
  parse(bytes: Buffer, from: number, to: number): ResponseHeaderMap | undefined {
    const { section, fields } = this;
    if (!this.statusLine(bytes, from, to)) return this.refuse(Details.codecError);
    if (fields.findRepeated(bytes, from, to + 2) === this.fieldsFrom) {
      fields.repeat();
      return this.judge();
    }
    section.bytes = bytes;
    section.base = this.fieldsFrom;
    section.text = bytes.toString('latin1', this.fieldsFrom, to + 2);
    const read = fields.parse(section, this.fieldsFrom, to + 2, this.settings.maxHeadersCount);
    section.bytes = EMPTY;
    if (!read) return this.refuse(fields.error || Details.codecError);
    const { spelling, preserveCase } = fields;
    if (spelling !== undefined && preserveCase?.forwardReasonPhrase === true)
      spelling.reasonPhrase = bytes.toString('latin1', this.reasonFrom, this.fieldsFrom - 2);
    return this.judge();
  }

  private refuse(details: Details): undefined {
    this.details = details;
    return undefined;
  }

  /** HTTP-version SP status-code SP [ reason-phrase ] CRLF (RFC 9112 section 4); the last SP is often missing. */
  private statusLine(bytes: Buffer, from: number, to: number): boolean {
    for (let i = 0; i < PREFIX.length; i++) if (bytes[from + i] !== PREFIX[i]) return false;
    const minor = bytes[from + 7] - 48;
    const hundreds = bytes[from + 9] - 48;
    const tens = bytes[from + 10] - 48;
    const ones = bytes[from + 11] - 48;
    if ((minor !== 0 && minor !== 1) || bytes[from + 8] !== SP || hundreds < 1 || hundreds > 9) return false;
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9) return false;
    this.minorVersion = minor;
    this.status = hundreds * 100 + tens * 10 + ones;
    let at = from + 12;
    this.reasonFrom = Math.min(at + 1, to);
    if (bytes[at] === SP) while (FIELD_VALUE[bytes[at]] === 1) at += 1;
    this.fieldsFrom = at + 2;
    return bytes[at] === CR && bytes[at + 1] === 10 && at <= to;
  }

  private judge(): ResponseHeaderMap | undefined {
    const { fields, status } = this;
    this.framing = judgeFraming(fields, this.settings.allowChunkedLength);
    if (this.framing === Framing.faulty) return this.refuse(fields.error || Details.codecError);
    const bodiless = status < 200 || status === 204;
    if (this.framing === Framing.chunked && (bodiless || this.minorVersion === 0)) {
      return this.refuse(Details.transferEncodingNotAllowed);
    }
    if (bodiless && this.framing > 0) return this.refuse(Details.contentLengthNotAllowed);
    const options = connectionOptions(fields.connection);
    removeNominated(fields.raw, options.nominated);
    this.keepAlive = this.minorVersion === 1 ? !options.close : options.keepAlive && !options.close;
    if (this.framing === Framing.chunked && fields.contentLengths > 0) this.keepAlive = false;
    const headers = new ResponseHeaderMap(status, fields.raw);
    if (fields.spelling !== undefined) headers.spelling = fields.spelling;
    if (bodiless && fields.contentLengths > 0) headers.remove('content-length');
    if (status === 101 && fields.upgrade !== '') headers.raw.push('upgrade', fields.upgrade);
    return headers;
  }
}

const PREFIX = Buffer.from('HTTP/1.', 'latin1');
