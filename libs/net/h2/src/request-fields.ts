import { JOINED_REQUEST_HEADERS, RequestHeaderMap } from '@weft/core-http';
import { isValidAuthority } from './authority.ts';
import { Details } from './details.ts';
import { Fault, FieldCollector } from './field-collector.ts';
import type { Http2ServerSettings } from './settings.ts';

const KNOWN_METHODS = new Set(['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE']);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
/** Visible ASCII. */
const PATH = /^[!-~]+$/;

/** Extended CONNECT for bytes without a protocol of their own is CONNECT to those behind us, as with Envoy. */
const BYTE_STREAM = 'bytestream';

/** Collects the head of a request (RFC 9113 section 8.3.1, RFC 8441 section 4). */
export class RequestFields extends FieldCollector {
  private readonly server: Http2ServerSettings;
  private method = '';
  private path: string | undefined;
  private scheme = '';
  private authority: string | undefined;
  private protocol: string | undefined;
  private host: string | undefined;
  /** The last one that was valid: a connection's requests mostly have the same. */
  private knownAuthority = '';
  /** Likewise. */
  private knownPath = '';

  constructor(settings: Http2ServerSettings) {
    super(settings, JOINED_REQUEST_HEADERS);
    this.server = settings;
  }

  override begin(): void {
    super.begin();
    this.method = '';
    this.path = undefined;
    this.scheme = '';
    this.authority = undefined;
    this.protocol = undefined;
    this.host = undefined;
  }

  protected override pseudo(name: string, value: string): boolean {
    switch (name) {
      case ':method':
        if (this.method !== '' || !(KNOWN_METHODS.has(value) || TOKEN.test(value))) return false;
        this.method = value;
        return true;
      case ':path':
        if (this.path !== undefined || (value !== this.knownPath && !PATH.test(value))) return false;
        this.knownPath = value;
        this.path = value;
        return true;
      case ':scheme':
        if (this.scheme !== '' || !(value === 'http' || value === 'https' || SCHEME.test(value))) return false;
        this.scheme = value;
        return true;
      case ':authority':
        if (this.authority !== undefined || (value !== this.knownAuthority && !isValidAuthority(value))) return false;
        this.knownAuthority = value;
        this.authority = value;
        return true;
      case ':protocol':
        if (this.protocol !== undefined || !this.server.allowConnect || !TOKEN.test(value)) return false;
        this.protocol = value;
        return true;
      default:
        return false;
    }
  }

  protected override keepHost(value: string): void {
    if (this.host !== undefined || !isValidAuthority(value)) this.refuse(Fault.malformed, Details.messaging);
    this.host = value;
  }

  protected override special(name: string, value: string): boolean {
    const { headersWithUnderscoresAction: action, stats } = this.server;
    if (action !== 'allow' && name.includes('_')) {
      if (action === 'drop') stats.droppedHeadersWithUnderscores.inc();
      else {
        stats.requestsRejectedWithUnderscoresInHeaders.inc();
        this.refuse(Fault.refused, Details.underscore);
      }
      return true;
    }
    return super.special(name, value);
  }

  /** What was collected; undefined: `fault` and `details` say why not. */
  finish(): RequestHeaderMap | undefined {
    if (this.fault === Fault.none && !this.complete()) this.refuse(Fault.malformed, Details.messaging);
    if (this.fault !== Fault.none) return undefined;
    const { protocol } = this;
    // `:authority` is what the client meant; a `host` beside it is dropped, as Envoy does.
    const headers = new RequestHeaderMap(this.method, this.path ?? '', this.authority ?? this.host ?? '', this.raw);
    headers.scheme = this.scheme === '' ? 'http' : this.scheme;
    if (protocol === undefined) return headers;
    headers.protocol = protocol;
    // To those behind us it is an upgrade as of HTTP/1.1: one kind of tunnel for them to know.
    if (protocol === BYTE_STREAM) headers.protocol = '';
    else headers.method = 'GET';
    return headers;
  }

  private complete(): boolean {
    const { method, path, scheme, authority, protocol } = this;
    if (method === 'CONNECT' && protocol === undefined)
      return path === undefined && scheme === '' && authority !== undefined && authority !== '';
    if (method === '' || scheme === '' || path === undefined) return false;
    if (protocol !== undefined && (method !== 'CONNECT' || authority === undefined)) return false;
    return path.charCodeAt(0) === 47 || (path === '*' && method === 'OPTIONS');
  }
}
