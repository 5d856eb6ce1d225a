/** A service that the program calls. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
  /** On this machine; 0: the system chooses. Undefined: only captured traffic reaches it. */
  readonly localPort: number | undefined;
}

/** How the health of the program is told. */
export type Probe =
  { readonly kind: 'none' } | { readonly kind: 'tcp' } | { readonly kind: 'http'; readonly path: string };

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

/** `tcp`, `none`, `http:/health`. A text says what is wrong. */
export function parseProbe(text: string): Probe | string {
  if (text === 'tcp' || text === 'none') return { kind: text };
  if (text.startsWith('http:/')) return { kind: 'http', path: text.slice('http:'.length) };
  return 'expected tcp, none, or http:/PATH';
}

function isPort(port: number): boolean {
  return port >= 1 && port <= HIGHEST_PORT;
}
