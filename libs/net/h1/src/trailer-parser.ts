import { HeaderMap } from '@weft/core-http';
import { Details } from './details.ts';
import { FieldParser } from './field-parser.ts';
import type { Http1Settings } from './settings.ts';

// Fields that frame, route or authorise a message, and so mean nothing after its body (RFC 9110 section 6.5.1).
const FORBIDDEN = new Set([
  'content-length',
  'authorization',
  'cookie',
  'set-cookie',
  'content-type',
  'content-encoding',
]);

const NONE_JOINED: ReadonlySet<string> = new Set();

/** Reads the field lines of trailers. */
export class TrailerParser {
  private readonly fields = new FieldParser(NONE_JOINED);
  private readonly maxCount: number;

  constructor(settings: Http1Settings) {
    this.maxCount = settings.maxHeadersCount;
    this.fields.refusesDisguised = true;
    if (typeof settings.headerKeyFormat === 'object') this.fields.preserveCase = settings.headerKeyFormat;
  }

  /** Parses the lines in `bytes[from..to)`; the reason where they are refused. */
  parse(bytes: Buffer, from: number, to: number): HeaderMap | Details {
    const { fields } = this;
    const section = { bytes, text: bytes.toString('latin1', from, to), base: from };
    if (!fields.parse(section, from, to, this.maxCount)) {
      return fields.error === Details.tooManyHeaders ? Details.tooManyTrailers : Details.invalidTrailer;
    }
    if (fields.contentLengths + fields.transferEncodings + fields.hosts > 0) return Details.invalidTrailer;
    const trailers = new HeaderMap(fields.raw);
    if (fields.spelling !== undefined) trailers.spelling = fields.spelling;
    for (const name of FORBIDDEN) trailers.remove(name);
    return trailers;
  }
}
