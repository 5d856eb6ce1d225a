/** How an encoder treats a field that its table does not hold. */
export type Indexing =
  /** Into the table. */
  | 'index'
  /** Not into the table, by this encoder. */
  | 'literal'
  /** Not into any table, by any intermediary: RFC 7541 section 6.2.3. */
  | 'never';

/** Values guessed one octet at a time are the danger (RFC 7541 section 7.1): short secrets never enter a table. */
const SECRET = new Set(['authorization', 'proxy-authorization']);
const SHORT_SECRET_CHARS = 20;

/** Values that are new with nearly every message: only one that comes twice running is worth a place. */
const VOLATILE = new Set([
  ...[':path', 'age', 'content-disposition', 'content-length', 'content-location', 'content-range', 'date', 'etag'],
  ...['expires', 'if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'last-modified'],
  ...[
    'location',
    'range',
    'referer',
    'retry-after',
    'set-cookie',
    'grpc-message',
    'grpc-timeout',
    'traceparent',
    'tracestate',
  ],
  ...['b3', 'x-b3-parentspanid', 'x-b3-spanid', 'x-b3-traceid', 'x-envoy-expected-rq-timeout-ms'],
  ...['x-envoy-upstream-service-time', 'x-forwarded-for', 'x-request-id'],
]);

/** New values of a name that may enter the table without one of them having been used again. */
const FIRST_CREDIT = 3;
const MOST_CREDIT = 8;

/** How many characters of a value make its hash. */
const HASHED_CHARS = 12;

/**
 * What an encoder has learnt of the values of one name. A name starts with credit, each value that enters the table costs
 * some, each use of one earns some; without credit, a value enters only when it comes twice running.
 */
export class NameHistory {
  private readonly secret: 'always' | 'short' | 'no';
  private readonly isPath: boolean;
  private credit: number;
  private last = 0;

  constructor(name: string) {
    this.secret = SECRET.has(name) ? 'always' : name === 'cookie' ? 'short' : 'no';
    this.isPath = name === ':path';
    this.credit = VOLATILE.has(name) ? 0 : FIRST_CREDIT;
  }

  used(): void {
    if (this.credit < MOST_CREDIT && this.credit > 0) this.credit += 1;
  }

  /** @param largestBytes the largest value that may have a place. */
  judge(value: string, largestBytes: number): Indexing {
    if (this.secret === 'always' || (this.secret === 'short' && value.length < SHORT_SECRET_CHARS)) return 'never';
    if (value.length > largestBytes || (this.isPath && value.includes('?'))) return 'literal';
    if (this.credit > 0) {
      this.credit -= 1;
      return 'index';
    }
    const hash = hashOf(value);
    if (hash === this.last) return 'index';
    this.last = hash;
    return 'literal';
  }
}

/** Stands for a value so that the value itself need not be kept. Two values of one hash cost a useless entry, no more. */
function hashOf(text: string): number {
  const { length } = text;
  let hash = length + 1;
  // Ids, dates and paths differ in their ends.
  for (let i = length > HASHED_CHARS ? length - HASHED_CHARS : 0; i < length; i++)
    hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}
