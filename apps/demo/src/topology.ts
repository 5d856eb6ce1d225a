import type { PortName } from './ports.ts';

export type ServiceName = 'videos-web' | 'videos-web-v2' | 'playlists-api' | 'videos-api';
export type ProxyName = 'gateway' | ServiceName;
export type DatabaseName = 'playlists-db' | 'videos-db';
export type NodeName = 'browser' | ProxyName | DatabaseName;

/** A service, its process and its sidecar. */
export interface Service {
  readonly name: ServiceName;
  /** The main module, from the workspace's root. */
  readonly main: string;
  readonly app: PortName;
  readonly inbound: PortName;
  readonly admin: PortName;
  /** What its process prints when it listens. */
  readonly ready: RegExp;
}

export const SERVICES: readonly Service[] = [
  {
    name: 'videos-web',
    main: 'apps/videos-web/src/main.ts',
    app: 'videosWebApp',
    inbound: 'videosWebInbound',
    admin: 'videosWebAdmin',
    ready: /videos-web version 1 on /,
  },
  {
    name: 'videos-web-v2',
    main: 'apps/videos-web/src/main.ts',
    app: 'videosWebV2App',
    inbound: 'videosWebV2Inbound',
    admin: 'videosWebV2Admin',
    ready: /videos-web version 2 on /,
  },
  {
    name: 'playlists-api',
    main: 'apps/playlists-api/src/main.ts',
    app: 'playlistsApiApp',
    inbound: 'playlistsApiInbound',
    admin: 'playlistsApiAdmin',
    ready: /^Running\.\.\.$/m,
  },
  {
    name: 'videos-api',
    main: 'apps/videos-api/src/main.ts',
    app: 'videosApiApp',
    inbound: 'videosApiInbound',
    admin: 'videosApiAdmin',
    ready: /^Running\.\.\.$/m,
  },
];

export const PROXIES: readonly { readonly name: ProxyName; readonly admin: PortName }[] = [
  { name: 'gateway', admin: 'gatewayAdmin' },
  ...SERVICES.map(({ name, admin }) => ({ name, admin })),
];

/** Who calls whom, and which proxy counts it under which name. */
export interface Edge {
  readonly from: NodeName;
  readonly to: NodeName;
  readonly proxy: ProxyName;
  /** `http`: a cluster of the proxy; `redis`: a cluster, and the redis_proxy of that prefix; `listener`: what the proxy's connection manager of that prefix takes in. */
  readonly kind: 'http' | 'redis' | 'listener';
  /** The cluster, or the stat prefix of the connection manager. */
  readonly stat: string;
  /** Where a connection manager serves this edge alone, its stat prefix: it counts what the caller sees, after all retries. */
  readonly caller?: string;
}

export const EDGES: readonly Edge[] = [
  { from: 'browser', to: 'gateway', proxy: 'gateway', kind: 'listener', stat: 'gateway' },
  { from: 'gateway', to: 'videos-web', proxy: 'gateway', kind: 'http', stat: 'videos-web' },
  { from: 'gateway', to: 'videos-web-v2', proxy: 'gateway', kind: 'http', stat: 'videos-web-v2' },
  { from: 'gateway', to: 'playlists-api', proxy: 'gateway', kind: 'http', stat: 'playlists-api' },
  {
    from: 'playlists-api',
    to: 'videos-api',
    proxy: 'playlists-api',
    kind: 'http',
    stat: 'videos-api',
    caller: 'outbound-videos-api',
  },
  { from: 'playlists-api', to: 'playlists-db', proxy: 'playlists-api', kind: 'redis', stat: 'playlists-db' },
  { from: 'videos-api', to: 'videos-db', proxy: 'videos-api', kind: 'redis', stat: 'videos-db' },
];

/** What each service itself answers its sidecar. */
export const APP_EDGES: readonly Edge[] = SERVICES.map(({ name }) => ({
  from: name,
  to: name,
  proxy: name,
  kind: 'http',
  stat: 'local-app',
  caller: 'inbound',
}));

/** `playlists-api→videos-api` */
export function edgeId({ from, to }: Pick<Edge, 'from' | 'to'>): string {
  return `${from}→${to}`;
}
