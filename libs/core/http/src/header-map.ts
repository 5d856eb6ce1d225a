/** How the peer spelled its field names, for whom HTTP/1.1 must be kept as it came (`preserve_case`). */
export interface HeaderSpelling {
  /** `name`, which is in lower case, as the peer wrote it; where it did not, as configured. */
  spell(name: string): string;
  /** The words behind the status of a response, where they are to be passed on; `''` otherwise. */
  readonly reasonPhrase: string;
}

/**
 * Headers in the order they arrived, names in lower case, kept flat as `[name, value, name, value …]`: look-ups in a
 * dozen headers cost less by scanning than by hashing, and codecs read and write the array itself.
 */
export class HeaderMap {
  /** Names at even places, values at odd ones. Names must be in lower case; only codecs and this class write it. */
  readonly raw: string[];
  /** Set by HTTP/1.1 codecs that keep spellings; a codec that writes HTTP/1.1 obeys it, all others pass over it. */
  spelling: HeaderSpelling | undefined = undefined;

  constructor(raw: string[] = []) {
    this.raw = raw;
  }

  /** The first value of `name`, which is in lower case. Pseudo headers (`:path`) are served by the subclasses. */
  get(name: string): string | undefined {
    const { raw } = this;
    for (let i = 0; i < raw.length; i += 2) if (raw[i] === name) return raw[i + 1];
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** All values of `name`, in order. */
  getAll(name: string): string[] {
    const { raw } = this;
    const values: string[] = [];
    for (let i = 0; i < raw.length; i += 2) if (raw[i] === name) values.push(raw[i + 1] as string);
    return values;
  }

  /** All values of `name` as one, joined by commas (RFC 9110 section 5.3): what header matchers look at. */
  getJoined(name: string): string | undefined {
    const first = this.get(name);
    if (first === undefined || name.startsWith(':')) return first;
    return this.getAll(name).join(',');
  }

  /** Replaces every value of `name` by one, at the place of the first; adds it at the end where there was none. */
  set(name: string, value: string): void {
    const { raw } = this;
    for (let i = 0; i < raw.length; i += 2) {
      if (raw[i] !== name) continue;
      raw[i + 1] = value;
      this.removeFrom(name, i + 2);
      return;
    }
    raw.push(name, value);
  }

  /** Adds one more value at the end. */
  add(name: string, value: string): void {
    this.raw.push(name, value);
  }

  /** Removes every value of `name`; says whether there was one. */
  remove(name: string): boolean {
    return this.removeFrom(name, 0);
  }

  private removeFrom(name: string, from: number): boolean {
    const { raw } = this;
    let to = from;
    for (let i = from; i < raw.length; i += 2) {
      if (raw[i] === name) continue;
      if (to !== i) {
        raw[to] = raw[i] as string;
        raw[to + 1] = raw[i + 1] as string;
      }
      to += 2;
    }
    if (to === raw.length) return false;
    raw.length = to;
    return true;
  }

  /** How many headers there are, repeated ones counted each time. */
  get size(): number {
    return this.raw.length / 2;
  }

  /** Bytes of all names and values. */
  get byteSize(): number {
    let bytes = 0;
    for (const text of this.raw) bytes += text.length;
    return bytes;
  }

  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (let i = 0; i < this.raw.length; i += 2) yield [this.raw[i] as string, this.raw[i + 1] as string];
  }
}

/** The head of a request. `host` of HTTP/1.1 is `authority` here, and not in `raw`. */
export class RequestHeaderMap extends HeaderMap {
  method: string;
  /** Path and query as sent (`/a?b=c`); `''` for CONNECT. */
  path: string;
  /** `:authority`, or `Host`. `''` where there was none. */
  authority: string;
  /** `http` or `https`. */
  scheme: string;
  /** `:protocol` of extended CONNECT (RFC 8441), or the token of an HTTP/1.1 `Upgrade`; `''` for ordinary requests. */
  protocol = '';

  constructor(method = 'GET', path = '/', authority = '', raw: string[] = []) {
    super(raw);
    this.method = method;
    this.path = path;
    this.authority = authority;
    this.scheme = 'http';
  }

  override get(name: string): string | undefined {
    if (name.charCodeAt(0) !== 58) return name === 'host' ? this.authority || undefined : super.get(name);
    switch (name) {
      case ':path':
        return this.path || undefined;
      case ':method':
        return this.method || undefined;
      case ':authority':
        return this.authority || undefined;
      case ':scheme':
        return this.scheme;
      case ':protocol':
        return this.protocol || undefined;
      default:
        return undefined;
    }
  }

  override set(name: string, value: string): void {
    if (name === ':path') this.path = value;
    else if (name === ':method') this.method = value;
    else if (name === ':authority' || name === 'host') this.authority = value;
    else if (name === ':scheme') this.scheme = value;
    else super.set(name, value);
  }

  clone(): RequestHeaderMap {
    const copy = new RequestHeaderMap(this.method, this.path, this.authority, this.raw.slice());
    copy.scheme = this.scheme;
    copy.protocol = this.protocol;
    copy.spelling = this.spelling;
    return copy;
  }
}

/** The head of a response. */
export class ResponseHeaderMap extends HeaderMap {
  /** 100 to 599 (and what else an upstream sends in three digits). */
  status: number;

  constructor(status = 200, raw: string[] = []) {
    super(raw);
    this.status = status;
  }

  override get(name: string): string | undefined {
    return name === ':status' ? String(this.status) : super.get(name);
  }

  override set(name: string, value: string): void {
    if (name === ':status') this.status = Number(value);
    else super.set(name, value);
  }
}
