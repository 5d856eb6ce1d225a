import type { PortName, Ports } from './ports.ts';

export type ServiceName = 'videos-web' | 'videos-web-v2' | 'playlists-api' | 'videos-api';
export type ProxyName = 'gateway' | ServiceName | DatabaseName;
export type DatabaseName = 'playlists-db' | 'videos-db';
export type NodeName = 'browser' | ProxyName;

/** Where short names of the mesh end. */
const SUFFIX = '.default.svc.cluster.local';

/** `videos-api` as resources and stats have it. */
export function hostOf(service: string): string {
  return `${service}${SUFFIX}`;
}

/** The port by which clients call a service of the mesh. */
export const SERVICE_PORTS = { 'videos-web': 80, 'playlists-api': 80, 'videos-api': 10010, 'playlists-db': 6379, 'videos-db': 6379 } as const; // prettier-ignore

export type MeshService = keyof typeof SERVICE_PORTS;

/** A call that a program makes at a port of its own sidecar. */
export interface Upstream {
  readonly to: MeshService;
  readonly local: PortName;
}

/** A program that runs as a workload of the mesh, with a sidecar. */
export interface Workload<Name extends string = string> {
  readonly name: Name;
  /** The service that it serves; also its service account, and its label `app`. */
  readonly service: MeshService;
  /** Its label `version`. */
  readonly version: string;
  readonly app: PortName;
  readonly inbound: PortName;
  readonly admin: PortName;
  readonly upstreams: readonly Upstream[];
}

/** A service of the catalog. */
export interface Service extends Workload<ServiceName> {
  /** The main module, from the workspace's root. */
  readonly main: string;
  /** What its process prints when it listens. */
  readonly ready: RegExp;
}

export const SERVICES: readonly Service[] = [
  {
    name: 'videos-web',
    service: 'videos-web',
    version: 'v1',
    main: 'apps/videos-web/src/main.ts',
    app: 'videosWebApp',
    inbound: 'videosWebInbound',
    admin: 'videosWebAdmin',
    upstreams: [],
    ready: /videos-web version 1 on /,
  },
  {
    name: 'videos-web-v2',
    service: 'videos-web',
    version: 'v2',
    main: 'apps/videos-web/src/main.ts',
    app: 'videosWebV2App',
    inbound: 'videosWebV2Inbound',
    admin: 'videosWebV2Admin',
    upstreams: [],
    ready: /videos-web version 2 on /,
  },
  {
    name: 'playlists-api',
    service: 'playlists-api',
    version: 'v1',
    main: 'apps/playlists-api/src/main.ts',
    app: 'playlistsApiApp',
    inbound: 'playlistsApiInbound',
    admin: 'playlistsApiAdmin',
    upstreams: [
      { to: 'videos-api', local: 'playlistsApiToVideosApi' },
      { to: 'playlists-db', local: 'playlistsApiToDb' },
    ],
    ready: /^Running\.\.\.$/m,
  },
  {
    name: 'videos-api',
    service: 'videos-api',
    version: 'v1',
    main: 'apps/videos-api/src/main.ts',
    app: 'videosApiApp',
    inbound: 'videosApiInbound',
    admin: 'videosApiAdmin',
    upstreams: [{ to: 'videos-db', local: 'videosApiToDb' }],
    ready: /^Running\.\.\.$/m,
  },
];

export const DATABASES: readonly Workload<DatabaseName>[] = [
  {
    name: 'playlists-db',
    service: 'playlists-db',
    version: 'v1',
    app: 'playlistsDb',
    inbound: 'playlistsDbInbound',
    admin: 'playlistsDbAdmin',
    upstreams: [],
  },
  {
    name: 'videos-db',
    service: 'videos-db',
    version: 'v1',
    app: 'videosDb',
    inbound: 'videosDbInbound',
    admin: 'videosDbAdmin',
    upstreams: [],
  },
];

/** The proxies whose figures are shown. */
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

/** The cluster of a service, or of a subset of it, as the control plane names it. */
export function clusterOf(service: MeshService, subset = ''): string {
  return `outbound|${SERVICE_PORTS[service]}|${subset}|${hostOf(service)}`;
}

/** The stat prefix of the connection manager for one upstream. */
export function callerOf(service: MeshService): string {
  return `outbound_${hostOf(service)}_${SERVICE_PORTS[service]}`;
}

export function edgesOf(ports: Ports): Edge[] {
  return [
    { from: 'browser', to: 'gateway', proxy: 'gateway', kind: 'listener', stat: `outbound_http.${ports.gateway}` },
    { from: 'gateway', to: 'videos-web', proxy: 'gateway', kind: 'http', stat: clusterOf('videos-web', 'v1') },
    { from: 'gateway', to: 'videos-web-v2', proxy: 'gateway', kind: 'http', stat: clusterOf('videos-web', 'v2') },
    { from: 'gateway', to: 'playlists-api', proxy: 'gateway', kind: 'http', stat: clusterOf('playlists-api') },
    {
      from: 'playlists-api',
      to: 'videos-api',
      proxy: 'playlists-api',
      kind: 'http',
      stat: clusterOf('videos-api'),
      caller: callerOf('videos-api'),
    },
    {
      from: 'playlists-api',
      to: 'playlists-db',
      proxy: 'playlists-api',
      kind: 'redis',
      stat: clusterOf('playlists-db'),
    },
    { from: 'videos-api', to: 'videos-db', proxy: 'videos-api', kind: 'redis', stat: clusterOf('videos-db') },
  ];
}

/** What each service itself answers its sidecar. */
export function appEdgesOf(ports: Ports): Edge[] {
  return SERVICES.map(({ name, service, inbound }) => ({
    from: name,
    to: name,
    proxy: name,
    kind: 'http',
    stat: `inbound|${SERVICE_PORTS[service]}||`,
    caller: `inbound_0.0.0.0_${ports[inbound]}`,
  }));
}

/** `playlists-api→videos-api` */
export function edgeId({ from, to }: Pick<Edge, 'from' | 'to'>): string {
  return `${from}→${to}`;
}
