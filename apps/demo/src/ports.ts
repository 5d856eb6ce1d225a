/** Every port of the demo: what listens there, and the number it prefers. ARCHITECTURE.md shows the same table. */
export const PORTS = {
  gateway: { preferred: 8080, what: 'the gateway: the catalog’s page and its API', flag: '--gateway-port' },
  statusPage: { preferred: 8088, what: 'the status page and the switches', flag: '--status-port' },
  gatewayAdmin: { preferred: 18000, what: 'admin of the gateway' },
  videosWebApp: { preferred: 18100, what: 'videos-web, version 1' },
  videosWebInbound: { preferred: 18101, what: 'inbound listener of videos-web' },
  videosWebAdmin: { preferred: 18109, what: 'admin of the sidecar of videos-web' },
  videosWebV2App: { preferred: 18200, what: 'videos-web, version 2' },
  videosWebV2Inbound: { preferred: 18201, what: 'inbound listener of videos-web-v2' },
  videosWebV2Admin: { preferred: 18209, what: 'admin of the sidecar of videos-web-v2' },
  playlistsApiApp: { preferred: 18300, what: 'playlists-api' },
  playlistsApiInbound: { preferred: 18301, what: 'inbound listener of playlists-api' },
  playlistsApiToVideosApi: { preferred: 18302, what: 'outbound listener of playlists-api to videos-api' },
  playlistsApiToDb: { preferred: 18303, what: 'outbound listener of playlists-api to playlists-db' },
  playlistsApiAdmin: { preferred: 18309, what: 'admin of the sidecar of playlists-api' },
  videosApiApp: { preferred: 18400, what: 'videos-api' },
  videosApiInbound: { preferred: 18401, what: 'inbound listener of videos-api' },
  videosApiToDb: { preferred: 18402, what: 'outbound listener of videos-api to videos-db' },
  videosApiAdmin: { preferred: 18409, what: 'admin of the sidecar of videos-api' },
  playlistsDb: { preferred: 18500, what: 'playlists-db, a Redis' },
  playlistsDbInbound: { preferred: 18501, what: 'inbound listener of playlists-db' },
  playlistsDbAdmin: { preferred: 18509, what: 'admin of the sidecar of playlists-db' },
  videosDb: { preferred: 18600, what: 'videos-db, a Redis' },
  videosDbInbound: { preferred: 18601, what: 'inbound listener of videos-db' },
  videosDbAdmin: { preferred: 18609, what: 'admin of the sidecar of videos-db' },
  controlPlaneXds: { preferred: 18700, what: 'xDS of the control plane' },
  controlPlaneSecure: { preferred: 18701, what: 'xDS and certificates of the control plane, over TLS' },
  controlPlaneMetrics: { preferred: 18702, what: 'metrics of the control plane' },
  controlPlaneDebug: { preferred: 18709, what: 'debug endpoints of the control plane' },
} as const satisfies Readonly<Record<string, PortEntry>>;

export interface PortEntry {
  readonly preferred: number;
  readonly what: string;
  /** The flag of `weft demo start` that chooses another one; the others have `--auto-ports` only. */
  readonly flag?: string;
}

export type PortName = keyof typeof PORTS;
export type Ports = Readonly<Record<PortName, number>>;

export const PORT_NAMES = Object.keys(PORTS) as PortName[];

/** The preferred ports, with the ones the user chose in their place. */
export function preferredPorts(chosen: Partial<Ports> = {}): Ports {
  const ports = Object.fromEntries(PORT_NAMES.map((name) => [name, PORTS[name].preferred])) as Record<PortName, number>;
  return { ...ports, ...chosen };
}

export function portEntry(name: PortName): PortEntry {
  return PORTS[name];
}
