import { JOINED_REQUEST_HEADERS, RequestHeaderMap } from '@weft/core-http';
import { isValidAuthority, sameHost } from './authority.ts';
import { CR, LF, SP, TARGET, TOKEN_LOWER } from './chars.ts';
import { connectionOptions, removeNominated, type ConnectionOptions } from './connection-field.ts';
import { Details } from './details.ts';
import { FieldParser } from './field-parser.ts';
import { Framing, judgeFraming } from './framing.ts';
import { decodeHttp2Settings } from './h2c-upgrade.ts';
import { isKnownMethod } from './methods.ts';
import type { Http1ServerSettings } from './settings.ts';

const EMPTY = Buffer.alloc(0);

/** Reads request heads. One for each codec, used again for every request: its fields hold what the last head said. */
export class RequestHeadParser {
  /** Undefined: the head was refused with `status` and `details`. */
  headers: RequestHeaderMap | undefined;
  status = 400;
  details: Details = Details.codecError;
  /** Octets of the body, or a value of Framing; never `Framing.faulty` in an accepted head. */
  framing: number = Framing.none;
  minorVersion = 1;
  /** The connection may take another request afterwards, as far as the client is concerned. */
  keepAlive = true;
  /** The payload of a SETTINGS frame, where the request may be answered in HTTP/2. */
  h2cSettings: Buffer | undefined = undefined;

  private readonly settings: Http1ServerSettings;
  private readonly fields = new FieldParser(JOINED_REQUEST_HEADERS);
  private readonly section: { bytes: Buffer; text: string; base: number } = { bytes: EMPTY, text: '', base: 0 };
  private method = '';
  private target = '';
  private fieldsFrom = 0;

  constructor(settings: Http1ServerSettings) {
    this.settings = settings;
    this.fields.refusesDisguised = true;
    this.fields.underscores = settings.headersWithUnderscoresAction;
    if (typeof settings.headerKeyFormat === 'object') this.fields.preserveCase = settings.headerKeyFormat;
  }

  /** Fields that the last head lost for the `_` in their names. */
  get droppedUnderscores(): number {
    return this.fields.droppedUnderscores;
  }

  /** Parses the head in `bytes[from..to + 4)`, where `to` is the place of the CRLF CRLF that ends it. */
  parse(bytes: Buffer, from: number, to: number): RequestHeaderMap | undefined {
    this.headers = undefined;
    this.framing = Framing.faulty;
    this.h2cSettings = undefined;
    const { section, fields } = this;
    const repeatedFrom = fields.findRepeated(bytes, from, to + 2);
    section.bytes = bytes;
    section.text = bytes.toString('latin1', from, repeatedFrom < 0 ? to + 2 : repeatedFrom);
    section.base = from;
    if (this.requestLine(bytes, from) && this.readFields(repeatedFrom, to + 2)) this.judge();
    section.bytes = EMPTY;
    return this.headers;
  }

  private readFields(repeatedFrom: number, to: number): boolean {
    const { section, fields } = this;
    if (repeatedFrom >= 0 && repeatedFrom === this.fieldsFrom) {
      fields.repeat();
      return true;
    }
    if (repeatedFrom >= 0) section.text = section.bytes.toString('latin1', section.base, to);
    if (fields.parse(section, this.fieldsFrom, to, this.settings.maxHeadersCount)) return true;
    return this.refuse(fields.error === Details.tooManyHeaders ? 431 : 400, fields.error || Details.codecError);
  }

  private refuse(status: number, details: Details): false {
    this.status = status;
    this.details = details;
    this.headers = undefined;
    return false;
  }

  /** method SP request-target SP HTTP-version CRLF (RFC 9112 section 3). */
  private requestLine(bytes: Buffer, from: number): boolean {
    let at = from;
    while (TOKEN_LOWER[bytes[at]] !== 0) at += 1;
    if (bytes[at] !== SP || at === from) return this.refuse(400, Details.codecError);
    const { text } = this.section;
    this.method = text.slice(0, at - from);
    if (!isKnownMethod(this.method) && !this.settings.allowCustomMethods)
      return this.refuse(400, Details.invalidMethod);
    at += 1;
    const targetFrom = at;
    while (TARGET[bytes[at]] === 1) at += 1;
    if (at === targetFrom) return this.refuse(400, Details.codecError);
    this.target = text.slice(targetFrom - from, at - from);
    // A line without a version is HTTP/0.9, which Envoy answers as it answers HTTP/1.0.
    if (bytes[at] === CR && bytes[at + 1] === LF) return this.simpleRequest(at);
    if (bytes[at] !== SP) return this.refuse(400, bytes[at] === 35 ? Details.fragmentInPath : Details.invalidTarget);
    return this.version(bytes, at + 1);
  }

  /** HTTP/0.9 as far as Envoy knows it: a request line without a version, served as HTTP/1.0. */
  private simpleRequest(at: number): boolean {
    if (!this.settings.acceptHttp10) return this.refuse(426, Details.lowVersion);
    this.minorVersion = 0;
    this.fieldsFrom = at + 2;
    return true;
  }

  /** HTTP/DIGIT.DIGIT CRLF at `from`. */
  private version(bytes: Buffer, from: number): boolean {
    const { text, base } = this.section;
    const major = bytes[from + 5] - 48;
    const minor = bytes[from + 7] - 48;
    if (!text.startsWith('HTTP/', from - base) || bytes[from + 6] !== 46 || bytes[from + 8] !== CR) {
      return this.refuse(400, Details.codecError);
    }
    if (!(major >= 0 && major <= 9 && minor >= 0 && minor <= 9) || bytes[from + 9] !== LF) {
      return this.refuse(400, Details.codecError);
    }
    const old = (major === 1 && minor === 0) || (major === 0 && minor === 9);
    const accepted = (major === 1 && minor === 1) || (old && this.settings.acceptHttp10);
    if (!accepted) return this.refuse(426, Details.lowVersion);
    this.minorVersion = old ? 0 : 1;
    this.fieldsFrom = from + 10;
    return true;
  }

  private judge(): boolean {
    const { fields } = this;
    this.framing = judgeFraming(fields, this.settings.allowChunkedLength);
    if (this.framing === Framing.faulty) {
      const unknownCoding = fields.error === Details.invalidTransferEncoding;
      return this.refuse(unknownCoding ? 501 : 400, fields.error || Details.codecError);
    }
    if (this.framing === Framing.chunked && this.minorVersion === 0) {
      return this.refuse(400, Details.transferEncodingNotAllowed);
    }
    const options = connectionOptions(fields.connection);
    // Envoy takes a nominated Host away, and then misses it.
    if (options.faulty) return this.refuse(400, Details.connectionHeader);
    if (options.hostless) return this.refuse(400, Details.missingHost);
    removeNominated(fields.raw, options.nominated);
    this.keepAlive = this.minorVersion === 1 ? !options.close : options.keepAlive && !options.close;
    if (this.framing === Framing.chunked && fields.contentLengths > 0) this.keepAlive = false;
    const headers = new RequestHeaderMap(this.method, this.target, '', fields.raw);
    if (fields.spelling !== undefined) headers.spelling = fields.spelling;
    headers.scheme = this.settings.scheme;
    if (fields.te !== '' && /(^|,)[ \t]*trailers[ \t]*(,|$)/i.test(fields.te)) headers.raw.push('te', 'trailers');
    if (!this.address(headers)) return false;
    if (!this.judgeTunnel(headers, options)) return false;
    this.headers = headers;
    return true;
  }

  /** Sets path, authority and scheme from the target's form and Host (RFC 9112 section 3.2). */
  private address(headers: RequestHeaderMap): boolean {
    const { fields, target } = this;
    if (fields.hosts > 1) return this.refuse(400, Details.invalidHost);
    if (fields.hosts === 0) {
      if (this.minorVersion === 1 || this.settings.defaultHostForHttp10 === '') {
        return this.refuse(400, Details.missingHost);
      }
      headers.authority = this.settings.defaultHostForHttp10;
    } else headers.authority = fields.host;
    // An http URI has a host (RFC 9110 section 4.2.1); an empty one would match no virtual host, or the wrong one.
    if (headers.authority === '') return this.refuse(400, Details.invalidHost);
    if (this.method === 'CONNECT') {
      headers.authority = target;
      headers.path = '';
      if (!isValidAuthority(fields.host)) return this.refuse(400, Details.invalidHost);
      return target.includes(':') && isValidAuthority(target) ? true : this.refuse(400, Details.invalidUrl);
    }
    if (!isValidAuthority(headers.authority)) return this.refuse(400, Details.invalidHost);
    if (target.charCodeAt(0) === 47) return true;
    if (target === '*' && this.method === 'OPTIONS') return true;
    return this.absoluteForm(headers);
  }

  private absoluteForm(headers: RequestHeaderMap): boolean {
    const { target } = this;
    if (target === '*') return this.refuse(400, Details.invalidUrl);
    const match = this.settings.allowAbsoluteUrl ? /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?]+)(.*)$/.exec(target) : null;
    if (match === null) return this.refuse(400, Details.invalidTarget);
    const scheme = match[1].toLowerCase();
    if (scheme !== 'http' && scheme !== 'https') return this.refuse(400, Details.invalidScheme);
    if (!isValidAuthority(match[2]) || match[2].startsWith(':')) {
      return this.refuse(400, Details.invalidUrl);
    }
    // RFC 9112 section 3.2.2 has the target win; whoever reads Host instead would take the request for another's.
    if (this.fields.hosts === 1 && !sameHost(this.fields.host, match[2], scheme))
      return this.refuse(400, Details.invalidHost);
    headers.scheme = scheme;
    headers.authority = match[2];
    headers.path = match[3].startsWith('/') ? match[3] : `/${match[3]}`;
    return true;
  }

  /** CONNECT and Upgrade: both leave HTTP behind, so neither may have a body. */
  private judgeTunnel(headers: RequestHeaderMap, options: ConnectionOptions): boolean {
    if (this.method === 'CONNECT') {
      if (this.framing === Framing.chunked) return this.refuse(501, Details.invalidTransferEncoding);
      if (this.framing > 0) return this.refuse(400, Details.bodyDisallowed);
      return true;
    }
    const upgrade = this.fields.upgrade;
    if (upgrade === '' || !options.upgrade || this.minorVersion === 0) return true;
    // A body before the switch would have to be told from what comes after it: such a request stays an ordinary one.
    if (this.framing === Framing.chunked || this.framing > 0) return true;
    headers.protocol = this.upgradeTo(upgrade, options);
    return true;
  }

  /** The protocols to which the request asks to switch, less those that are passed over; `''` for none. */
  private upgradeTo(upgrade: string, options: ConnectionOptions): string {
    const { ignoresUpgrade } = this.settings;
    if (ignoresUpgrade === undefined && upgrade === 'websocket') return upgrade;
    const asked = upgrade.split(',').map((protocol) => protocol.trim());
    const minded = asked.filter((protocol) => protocol !== '' && ignoresUpgrade?.(protocol) !== true);
    const protocols = minded.map((protocol) => protocol.toLowerCase());
    const kept = protocols.filter((protocol) => protocol !== 'h2c');
    // As Envoy: an upgrade to cleartext HTTP/2 is passed over, unless the owner of the codec takes it.
    const { http2Settings } = this.fields;
    const h2c = protocols.includes('h2c') && options.nominated.includes('http2-settings');
    if (h2c && kept.length === 0 && http2Settings !== undefined) this.h2cSettings = decodeHttp2Settings(http2Settings);
    return kept.join(', ');
  }
}
