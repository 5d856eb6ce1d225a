/** What a `Connection` field asks for (RFC 9110 section 7.6.1). */
export interface ConnectionOptions {
  readonly close: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
  /** Fields the sender nominated, in lower case: they are of this connection only. */
  readonly nominated: readonly string[];
  /** A nominated field is none that a sender may take from the next hop. */
  readonly faulty: boolean;
  /** The host is nominated: without it the message is none. */
  readonly hostless: boolean;
}

const NONE: ConnectionOptions = {
  close: false,
  keepAlive: false,
  upgrade: false,
  nominated: [],
  faulty: false,
  hostless: false,
};
const CLOSE: ConnectionOptions = { ...NONE, close: true };
const KEEP_ALIVE: ConnectionOptions = { ...NONE, keepAlive: true };

// What frames the message is not the sender's to take away.
const KEPT = new Set(['content-length', 'transfer-encoding', 'te']);
// Nor is what the next hop relies on to judge the sender: who tries is refused, as by Envoy.
const FORBIDDEN = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);

export function connectionOptions(value: string): ConnectionOptions {
  // Nearly every message has one of these three.
  if (value === '') return NONE;
  if (value === 'keep-alive' || value === 'Keep-Alive') return KEEP_ALIVE;
  if (value === 'close') return CLOSE;
  const tokens = value.split(',').map((token) => token.trim().toLowerCase());
  return {
    close: tokens.includes('close'),
    keepAlive: tokens.includes('keep-alive'),
    upgrade: tokens.includes('upgrade'),
    nominated: tokens.filter((token) => token !== '' && !KEPT.has(token)),
    faulty: tokens.some((token) => FORBIDDEN.has(token) || token.startsWith(':')),
    hostless: tokens.includes('host'),
  };
}

/** Takes the nominated fields out of `raw`. */
export function removeNominated(raw: string[], nominated: readonly string[]): void {
  if (nominated.length === 0) return;
  let to = 0;
  for (let i = 0; i < raw.length; i += 2) {
    if (nominated.includes(raw[i])) continue;
    raw[to] = raw[i];
    raw[to + 1] = raw[i + 1];
    to += 2;
  }
  raw.length = to;
}
