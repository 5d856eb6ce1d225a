import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Ports } from '../ports.ts';
import type { ProcessStatus } from '../status.ts';
import { DATABASES, SERVICES, type Workload } from '../topology.ts';
import type { ListenerPids } from './listener-pids.ts';
import { CONTROL_PLANE, GATEWAY, proxyProcess } from './programs.ts';
import type { Supervisor } from './supervisor.ts';

export interface TableSource {
  readonly ports: Ports;
  readonly logs: string;
  readonly supervisor: Supervisor;
  readonly listeners: ListenerPids;
  /** Somebody else's Redis, in place of two workloads: `host:port`. */
  readonly foreignRedis: { readonly port: number } | undefined;
}

/** Everything that runs, with its ports: control plane, gateway, then each workload and its sidecar. */
export function processTable(source: TableSource): ProcessStatus[] {
  const { ports, foreignRedis } = source;
  const controlPlane = own(source, CONTROL_PLANE, {
    kind: 'control-plane',
    ports: [
      { what: 'xDS', port: ports.controlPlaneSecure },
      { what: 'metrics', port: ports.controlPlaneMetrics },
    ],
    admin: `http://localhost:${ports.controlPlaneDebug}`,
  });
  const databases =
    foreignRedis === undefined
      ? DATABASES.flatMap((one) => workloadRows(source, one, 'redis'))
      : DATABASES.map(({ name }) => foreign(name, foreignRedis.port));
  return [
    controlPlane,
    proxyRow(
      source,
      { of: GATEWAY, name: GATEWAY },
      { admin: ports.gatewayAdmin, ports: [{ what: 'catalog', port: ports.gateway }] },
    ),
    ...SERVICES.flatMap((one) => workloadRows(source, one, 'service')),
    ...databases,
  ];
}

function workloadRows(source: TableSource, one: Workload, kind: 'service' | 'redis'): ProcessStatus[] {
  const { ports, listeners } = source;
  const { name, app, inbound, admin, upstreams } = one;
  const program = own(source, name, {
    kind,
    ports: [{ what: kind === 'redis' ? 'Redis' : 'serves', port: ports[app] }],
    admin: null,
  });
  const proxyPorts = [
    { what: 'inbound', port: ports[inbound] },
    ...upstreams.map(({ to, local }) => ({ what: `to ${to}`, port: ports[local] })),
  ];
  return [
    { ...program, pid: listeners.of(ports[app]) ?? program.pid },
    proxyRow(source, { of: name, name: proxyProcess(name) }, { admin: ports[admin], ports: proxyPorts }),
  ];
}

function proxyRow(
  source: TableSource,
  { of, name }: { readonly of: string; readonly name: string },
  { admin, ports }: { readonly admin: number; readonly ports: ProcessStatus['ports'] },
): ProcessStatus {
  const agent = own(source, of, { kind: 'proxy', ports, admin: `http://localhost:${admin}` });
  const log = join(source.logs, `${proxyProcess(of)}.log`);
  return { ...agent, name, pid: source.listeners.of(admin) ?? null, log: existsSync(log) ? log : null };
}

function own(
  { supervisor, logs }: TableSource,
  name: string,
  rest: Pick<ProcessStatus, 'kind' | 'ports' | 'admin'>,
): ProcessStatus {
  const child = supervisor.child(name);
  const pid = child?.pid ?? null;
  return {
    name,
    pid,
    agent: rest.kind === 'control-plane' ? null : pid,
    alive: child?.alive ?? false,
    restarts: supervisor.restartsOf(name),
    log: child === undefined ? null : join(logs, `${name}.log`),
    ...rest,
  };
}

function foreign(name: string, port: number): ProcessStatus {
  const ports = [{ what: 'Redis', port }];
  return { name, kind: 'redis', pid: null, agent: null, alive: true, restarts: 0, log: null, ports, admin: null };
}
