/**
 * What is spoken on a port. `auto`: told by the first bytes. `tcp`: bytes that nobody looks into. Source: Istio's protocol
 * selection.
 */
export type Protocol =
  'http' | 'http2' | 'grpc' | 'grpc-web' | 'https' | 'tls' | 'tcp' | 'redis' | 'mysql' | 'mongo' | 'udp' | 'auto';

const NAMES: readonly Protocol[] = [
  'grpc-web', 'grpc', 'https', 'http2', 'http', 'tls', 'tcp', 'redis', 'mysql', 'mongo', 'udp',
]; // prettier-ignore

/** `kubernetes.io/h2c` and its kin, as appProtocol has them. */
const APP_PROTOCOLS: Readonly<Record<string, Protocol>> = {
  'kubernetes.io/h2c': 'http2',
  'kubernetes.io/ws': 'http',
  'kubernetes.io/wss': 'https',
};

/**
 * Ports whose servers speak first, or whose protocol is never HTTP: looking at first bytes there would stall a client, so
 * they are plain TCP unless a name or appProtocol says otherwise.
 */
export const NEVER_HTTP_PORTS: Readonly<Record<number, Protocol>> = {
  21: 'tcp', 22: 'tcp', 25: 'tcp', 53: 'tcp', 110: 'tcp', 143: 'tcp', 389: 'tcp', 465: 'tcp', 587: 'tcp', 1433: 'tcp',
  1521: 'tcp', 3306: 'mysql', 3389: 'tcp', 4222: 'tcp', 5432: 'tcp', 5672: 'tcp', 6379: 'redis', 9042: 'tcp', 9092: 'tcp',
  11211: 'tcp', 27017: 'mongo',
}; // prettier-ignore

/** What a port is said to speak: by appProtocol, by its name (`http`, `http-web`), by its number, else `auto`. */
export function portProtocol(port: {
  readonly name?: string | undefined;
  readonly appProtocol?: string | undefined;
  readonly protocol?: string | undefined;
  readonly number: number;
}): Protocol {
  const { name, appProtocol, protocol, number } = port;
  if (protocol?.toUpperCase() === 'UDP') return 'udp';
  return (
    (appProtocol === undefined ? undefined : (APP_PROTOCOLS[appProtocol.toLowerCase()] ?? named(appProtocol))) ??
    (name === undefined ? undefined : named(name)) ??
    // A ServiceEntry says TCP and means it; in a Service every port says TCP and means nothing.
    NEVER_HTTP_PORTS[number] ??
    'auto'
  );
}

/** The protocol field of a ServiceEntry's port or of a Gateway's server: `HTTP`, `GRPC`, `TLS` …; undefined: not one of them. */
export function declaredProtocol(text: string | undefined): Protocol | undefined {
  const lower = text?.toLowerCase();
  return NAMES.find((name) => name === lower);
}

function named(text: string): Protocol | undefined {
  const lower = text.toLowerCase();
  return NAMES.find((name) => lower === name || lower.startsWith(`${name}-`));
}

/** Requests are looked into and routed. */
export function isHttp(protocol: Protocol): boolean {
  return protocol === 'http' || protocol === 'http2' || protocol === 'grpc' || protocol === 'grpc-web';
}

/** The upstream is spoken to in HTTP/2. */
export function isHttp2(protocol: Protocol): boolean {
  return protocol === 'http2' || protocol === 'grpc';
}

/** The client brings TLS of its own: only its server name can be looked at. */
export function isTls(protocol: Protocol): boolean {
  return protocol === 'https' || protocol === 'tls';
}
