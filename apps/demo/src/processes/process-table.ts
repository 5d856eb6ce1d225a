import { join } from 'node:path';
import type { Ports } from '../ports.ts';
import type { ProcessStatus } from '../status.ts';
import { SERVICES, type DatabaseName } from '../topology.ts';
import { proxyProcess } from './programs.ts';
import type { Supervisor } from './supervisor.ts';

export interface TableSource {
  readonly ports: Ports;
  readonly logs: string;
  readonly supervisor: Supervisor;
  readonly databases: readonly { readonly name: DatabaseName; readonly port: number }[];
}

/** Everything that runs, with its ports: gateway, then each service and its sidecar, then the data sets. */
export function processTable(source: TableSource): ProcessStatus[] {
  const { ports } = source;
  const gateway = entry(source, 'gateway', {
    kind: 'proxy',
    ports: [{ what: 'catalog', port: ports.gateway }],
    admin: `http://localhost:${ports.gatewayAdmin}`,
  });
  const services = SERVICES.flatMap(({ name, app, inbound, admin }) => [
    entry(source, name, { kind: 'service', ports: [{ what: 'serves', port: ports[app] }], admin: null }),
    entry(source, proxyProcess(name), {
      kind: 'proxy',
      ports: [{ what: 'inbound', port: ports[inbound] }, ...outboundPorts(name, ports)],
      admin: `http://localhost:${ports[admin]}`,
    }),
  ]);
  const databases = source.databases.map(({ name, port }) =>
    entry(source, name, { kind: 'redis', ports: [{ what: 'Redis', port }], admin: null }),
  );
  return [gateway, ...services, ...databases];
}

function outboundPorts(name: string, ports: Ports): ProcessStatus['ports'] {
  if (name === 'playlists-api')
    return [
      { what: 'to videos-api', port: ports.playlistsApiToVideosApi },
      { what: 'to playlists-db', port: ports.playlistsApiToDb },
    ];
  return name === 'videos-api' ? [{ what: 'to videos-db', port: ports.videosApiToDb }] : [];
}

function entry(
  { supervisor, logs }: TableSource,
  name: string,
  rest: Pick<ProcessStatus, 'kind' | 'ports' | 'admin'>,
): ProcessStatus {
  const child = supervisor.child(name);
  return {
    name,
    // A data set without a process is inside the demo, or somebody else's.
    pid: child === undefined ? null : child.pid,
    alive: child?.alive ?? true,
    restarts: supervisor.restartsOf(name),
    log: child === undefined ? null : join(logs, `${name}.log`),
    ...rest,
  };
}
