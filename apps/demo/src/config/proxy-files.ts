import { join } from 'node:path';
import { PROXIES, type ProxyName } from '../topology.ts';
import type { Ports } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { gatewayClusters, gatewayListeners, gatewayRoutes } from './gateway.ts';
import { cluster, fromFile, socketAddress, tracingProvider, type Tracing, type YamlMap } from './parts.ts';
import { outboundRoutes, sidecarClusters, sidecarListeners, type Outbound, type Sidecar } from './sidecar.ts';
import { toYaml } from './yaml.ts';

export interface Mesh {
  readonly ports: Ports;
  /** Where each proxy has a folder of its own. */
  readonly folder: string;
  readonly logs: string;
  readonly redis: { readonly host: string; readonly playlistsPort: number; readonly videosPort: number };
  readonly zipkin: Tracing | undefined;
}

/** A file of a proxy: a bootstrap, or resources that it watches. */
export interface ProxyFile {
  readonly proxy: ProxyName;
  readonly path: string;
  /** First line of the file. */
  readonly comment: string;
  readonly content: { readonly bootstrap: YamlMap } | { readonly resources: readonly YamlMap[] };
  /** Route files: the stat prefix under which the proxy counts their updates, and the routes' name. */
  readonly rds?: { readonly statPrefix: string; readonly name: string };
}

/** Everything that the proxies of the demo are told. Only the route files depend on the settings. */
export function proxyFiles(mesh: Mesh, settings: Settings): ProxyFile[] {
  return PROXIES.flatMap(({ name, admin }) => {
    const path = (file: string): string => join(mesh.folder, name, file);
    const files = { lds: path('lds.yaml'), cds: path('cds.yaml') };
    const bootstrap = bootstrapOf(name, { ...files, admin: mesh.ports[admin], traced: mesh.zipkin !== undefined });
    const { listeners, clusters, routes } = resourcesOf(name, { mesh, settings, path });
    const zipkin = mesh.zipkin === undefined ? [] : [cluster('zipkin', mesh.zipkin.port, { host: mesh.zipkin.host })];
    return [
      {
        proxy: name,
        path: path('bootstrap.yaml'),
        comment: `${name}: who it is, and where its configuration comes from`,
        content: { bootstrap },
      },
      {
        proxy: name,
        path: path('cds.yaml'),
        comment: `${name}: whom it calls`,
        content: { resources: [...clusters, ...zipkin] },
      },
      { proxy: name, path: path('lds.yaml'), comment: `${name}: where it listens`, content: { resources: listeners } },
      ...routes.map((route) => ({ proxy: name, ...route })),
    ];
  });
}

/** The text of a file; `version` is the version_info of its resources. */
export function fileText({ comment, content }: ProxyFile, version: number): string {
  const body =
    'bootstrap' in content ? content.bootstrap : { version_info: String(version), resources: content.resources };
  return `# ${comment}\n${toYaml(body)}`;
}

interface Start {
  readonly admin: number;
  readonly lds: string;
  readonly cds: string;
  readonly traced: boolean;
}

function bootstrapOf(name: ProxyName, { admin, lds, cds, traced }: Start): YamlMap {
  return {
    node: { id: `${name}-1`, cluster: name },
    admin: { address: socketAddress(admin) },
    // Quantiles are made anew at every flush, and the status page looks each second.
    stats_flush_interval: '1s',
    tracing: traced ? { http: tracingProvider() } : undefined,
    dynamic_resources: { lds_config: fromFile(lds), cds_config: fromFile(cds) },
  };
}

interface Resources {
  readonly listeners: readonly YamlMap[];
  readonly clusters: readonly YamlMap[];
  readonly routes: readonly Omit<ProxyFile, 'proxy'>[];
}

interface Around {
  readonly mesh: Mesh;
  readonly settings: Settings;
  readonly path: (file: string) => string;
}

function resourcesOf(name: ProxyName, around: Around): Resources {
  return name === 'gateway' ? gatewayResources(around) : sidecarResources(name, around);
}

function gatewayResources({ mesh, settings, path }: Around): Resources {
  const { ports, zipkin } = mesh;
  const routes = path('rds-gateway.yaml');
  const files = { routes, accessLog: join(mesh.logs, 'gateway.access.log') };
  const called = {
    listener: ports.gateway,
    videosWeb: ports.videosWebInbound,
    videosWebV2: ports.videosWebV2Inbound,
    playlistsApi: ports.playlistsApiInbound,
  };
  return {
    listeners: gatewayListeners(ports.gateway, files, zipkin),
    clusters: gatewayClusters(called),
    routes: [
      {
        path: routes,
        comment: 'gateway: which request goes where; split and canary change this file',
        content: { resources: gatewayRoutes(settings) },
        rds: { statPrefix: 'gateway', name: 'gateway' },
      },
    ],
  };
}

function sidecarResources(name: Exclude<ProxyName, 'gateway'>, { mesh, settings, path }: Around): Resources {
  const { app, inbound } = listenPorts(name, mesh.ports);
  const outbound = outboundOf(name, mesh, path);
  const sidecar: Sidecar = {
    app,
    inbound,
    outbound,
    accessLog: join(mesh.logs, `${name}.access.log`),
    tracing: mesh.zipkin,
  };
  return {
    listeners: sidecarListeners(sidecar),
    clusters: sidecarClusters(sidecar),
    routes: outbound.flatMap((call) =>
      call.kind === 'redis'
        ? []
        : {
            path: call.routes,
            comment: `${name}: how ${call.to} is called; retries change this file`,
            content: { resources: outboundRoutes(call.to, settings.retries) },
            rds: { statPrefix: `outbound-${call.to}`, name: call.to },
          },
    ),
  };
}

function listenPorts(
  name: Exclude<ProxyName, 'gateway'>,
  ports: Ports,
): { readonly app: number; readonly inbound: number } {
  switch (name) {
    case 'videos-web':
      return { app: ports.videosWebApp, inbound: ports.videosWebInbound };
    case 'videos-web-v2':
      return { app: ports.videosWebV2App, inbound: ports.videosWebV2Inbound };
    case 'playlists-api':
      return { app: ports.playlistsApiApp, inbound: ports.playlistsApiInbound };
    case 'videos-api':
      return { app: ports.videosApiApp, inbound: ports.videosApiInbound };
  }
}

function outboundOf(name: ProxyName, { ports, redis }: Mesh, path: (file: string) => string): Outbound[] {
  const { host } = redis;
  if (name === 'playlists-api')
    return [
      {
        kind: 'http',
        to: 'videos-api',
        listen: ports.playlistsApiToVideosApi,
        port: ports.videosApiInbound,
        routes: path('rds-videos-api.yaml'),
      },
      { kind: 'redis', to: 'playlists-db', listen: ports.playlistsApiToDb, port: redis.playlistsPort, host },
    ];
  if (name === 'videos-api')
    return [{ kind: 'redis', to: 'videos-db', listen: ports.videosApiToDb, port: redis.videosPort, host }];
  return [];
}
