import type { Settings } from '../settings.ts';
import { cluster, httpListener, routeConfiguration, typed, type Tracing, type YamlMap } from './parts.ts';

/** The canary's rule, word for word as the catalog has always had it: no space before `version=v2`, unless it comes first. */
export const CANARY_COOKIE = '^(.*?;)?(version=v2)(;.*)?$';

const ROUTES = 'gateway';

export interface GatewayPorts {
  readonly listener: number;
  /** Inbound listeners of the sidecars. */
  readonly videosWeb: number;
  readonly videosWebV2: number;
  readonly playlistsApi: number;
}

export interface GatewayFiles {
  readonly routes: string;
  readonly accessLog: string;
}

export function gatewayListeners(port: number, files: GatewayFiles, tracing: Tracing | undefined): YamlMap[] {
  return [
    httpListener({
      name: 'gateway',
      port,
      direction: 'OUTBOUND',
      statPrefix: 'gateway',
      routes: { name: ROUTES, file: files.routes },
      accessLog: files.accessLog,
      useRemoteAddress: true,
      tracing,
    }),
  ];
}

export function gatewayClusters(ports: GatewayPorts): YamlMap[] {
  return [
    cluster('videos-web', ports.videosWeb),
    cluster('videos-web-v2', ports.videosWebV2),
    cluster('playlists-api', ports.playlistsApi),
  ];
}

/** The only file of the gateway that the switches `split` and `canary` change. */
export function gatewayRoutes({ split, canary }: Pick<Settings, 'split' | 'canary'>): YamlMap[] {
  const home = (action: YamlMap, more: YamlMap = {}): YamlMap => ({
    match: { prefix: '/home/', ...more },
    route: { ...action, prefix_rewrite: '/' },
  });
  const pages = canary
    ? [home({ cluster: 'videos-web-v2' }, { headers: [canaryCookie()] }), home({ cluster: 'videos-web' })]
    : [home({ weighted_clusters: shares(split) })];
  const routes = [
    // Found, not Moved Permanently: a browser would remember that for whatever runs on this port later.
    ...['/', '/home'].map((path) => ({
      match: { path },
      redirect: { path_redirect: '/home/', response_code: 'FOUND' },
    })),
    ...pages,
    { match: { path: '/api/playlists' }, route: { cluster: 'playlists-api', prefix_rewrite: '/' } },
    { match: { prefix: '/api/playlists/' }, route: { cluster: 'playlists-api', prefix_rewrite: '/' } },
  ];
  return [typed('envoy.config.route.v3.RouteConfiguration', routeConfiguration(ROUTES, routes))];
}

function canaryCookie(): YamlMap {
  return { name: 'cookie', string_match: { safe_regex: { regex: CANARY_COOKIE } } };
}

function shares(split: number): YamlMap {
  return {
    clusters: [
      { name: 'videos-web', weight: 100 - split },
      { name: 'videos-web-v2', weight: split },
    ],
  };
}
