import { nearest } from '@weft/core-config-text';

/** A service that the program calls. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
  /** On this machine; 0: the system chooses. Undefined: only captured traffic reaches it. */
  readonly localPort: number | undefined;
}

/** Where a program is asked; default 127.0.0.1 and its port. */
interface ProbePlace {
  readonly host?: string;
  readonly port?: number;
}

/** A GET: healthy with 2xx or 3xx. */
export interface HttpProbe extends ProbePlace {
  readonly kind: 'http';
  readonly path: string;
  /** Over TLS, whatever certificate is shown. Default false. */
  readonly secure?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How the health of the program is told. */
export type Probe =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'tcp' } & ProbePlace)
  | HttpProbe
  /** Healthy with exit code 0. */
  | { readonly kind: 'exec'; readonly command: readonly string[] }
  /** Source: grpc.health.v1.Health/Check. */
  | { readonly kind: 'grpc'; readonly port: number; readonly service: string };

const HIGHEST_PORT = 65_535;

/** `8080`, or `80:8080`: the service's port and the program's. A text says what is wrong. */
export function parsePort(text: string): { readonly service: number; readonly app: number } | string {
  const match = /^(?:(\d+):)?(\d+)$/.exec(text);
  const app = Number(match?.[2]);
  const service = Number(match?.[1] ?? app);
  return isPort(app) && isPort(service) ? { service, app } : 'expected a port, or SERVICE-PORT:PORT';
}

/** `videos-api:10010=15500`; without `=…` for captured traffic. A text says what is wrong. */
export function parseUpstream(text: string): Upstream | string {
  const match = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?):(\d+)(?:=(\d+))?$/.exec(text);
  const [, host = '', , port = '', local] = match ?? [];
  const localPort = local === undefined ? undefined : Number(local);
  if (host === '' || !isPort(Number(port)) || (localPort ?? 0) > HIGHEST_PORT)
    return 'expected HOST:PORT=LOCALPORT, as videos-api:10010=15500';
  return { host, port: Number(port), localPort };
}

/** `app=web,version=v1`. A text says what is wrong. */
export function parseLabels(text: string): Readonly<Record<string, string>> | string {
  const pairs = text.split(',').filter((pair) => pair !== '');
  const wrong = pairs.find((pair) => !/^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?=[-A-Za-z0-9_.]*$/.test(pair));
  if (wrong !== undefined) return `"${wrong}" is no KEY=VALUE`;
  return Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]));
}

const PROTOCOLS = ['HTTP', 'HTTPS', 'HTTP2', 'GRPC', 'GRPC-WEB', 'TLS', 'TCP', 'REDIS', 'MYSQL', 'MONGO', 'UDP'];
/** As appProtocol has them. */
const APP_PROTOCOLS = ['kubernetes.io/h2c', 'kubernetes.io/ws', 'kubernetes.io/wss'];

/** `HTTP`, in capitals or not: a word that is not known would silently be none. Gives `{ text }`; a text says what is wrong. */
export function parseProtocol(text: string): { readonly text: string } | string {
  if (PROTOCOLS.includes(text.toUpperCase()) || APP_PROTOCOLS.includes(text.toLowerCase())) return { text };
  const meant = nearest(text, PROTOCOLS);
  return meant === undefined ? `expected one of ${PROTOCOLS.join(', ')}` : `unknown protocol; did you mean ${meant}?`;
}

/** `tcp`, `none`, `http:/health`. A text says what is wrong. */
export function parseProbe(text: string): Probe | string {
  if (text === 'tcp' || text === 'none') return { kind: text };
  if (text.startsWith('http:/')) return { kind: 'http', path: text.slice('http:'.length) };
  return 'expected tcp, none, or http:/PATH';
}

/** Where the program tells its metrics: `http:9102/metrics`. A text says what is wrong. */
export function parseMetrics(text: string): { readonly port: number; readonly path: string } | string {
  const [, port = '', path = ''] = /^http:(\d+)(\/\S*)$/.exec(text) ?? [];
  return isPort(Number(port)) ? { port: Number(port), path } : 'expected http:PORT/PATH, as http:9102/metrics';
}

/** Of a sidecar, in both proxies' words. */
export interface SidecarLogLevel {
  readonly level: string;
  /** `upstream:debug,http:trace`; `''`: none of its own. */
  readonly components: string;
}

const LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'];

/** `debug`, or `warning,upstream:debug`: one for everything, others for components. A text says what is wrong. */
export function parseLogLevel(text: string): SidecarLogLevel | string {
  const words = text.split(',');
  const components = words.filter((word) => word.includes(':'));
  const levels = words.filter((word) => !word.includes(':'));
  const named = [...levels, ...components.map((word) => word.slice(word.indexOf(':') + 1))];
  const wrong = named.find((level) => !LEVELS.includes(level));
  if (wrong !== undefined) return `"${wrong}" is none of ${LEVELS.join(', ')}`;
  if (levels.length > 1) return 'expected LEVEL, COMPONENT:LEVEL, or both';
  return { level: levels[0] ?? 'info', components: components.join(',') };
}

function isPort(port: number): boolean {
  return port >= 1 && port <= HIGHEST_PORT;
}
