import { workloadKey } from './builder.ts';
import { withIngress, type IngressFields } from './ingress.ts';
import type { MeshService, ServicePort, Workload } from './service.ts';
import { inMeshOrder, servicesSelecting } from './service-index.ts';
import { sidecarFor } from './sidecar.ts';
import { findService, resolveHost, type MeshSnapshot } from './snapshot.ts';
import { workloadPort } from './endpoints.ts';

/** One proxy, as the control plane knows it from its node and its workload. */
export interface MeshProxy {
  /** Its node id. */
  readonly id: string;
  readonly role: 'sidecar' | 'gateway' | 'waypoint';
  readonly namespace: string;
  /** The workload that it stands before; for a gateway, its own name. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly addresses: readonly string[];
  /**
   * `capture`: traffic is redirected to ports 15001 and 15006. `explicit`: the proxy has one listener for each port and each
   * upstream, and clients call those. `grpc`: there is no proxy, the program's gRPC library asks for what it calls.
   */
  readonly traffic: 'capture' | 'explicit' | 'grpc';
  /** Services that its workload calls at a port of this machine (`weft run --upstream`). */
  readonly upstreams: readonly ProxyUpstream[];
  /** Hosts that its workload called and that it was not told of before: they are added to its scope. */
  readonly dialled: readonly string[];
  /** `region/zone/subzone`; `''` where unknown. */
  readonly locality: string;
  /** It can ask for clusters by name while it serves: it speaks incremental xDS. Default false. */
  readonly onDemand?: boolean;
}

export interface ProxyUpstream {
  /** Short or full. */
  readonly host: string;
  readonly port: number;
  readonly localPort: number;
  /** Default 127.0.0.1. */
  readonly localAddress?: string;
}

/** A port at which a proxy takes calls for its workload. */
export interface InboundPort extends IngressFields {
  /** The number that clients know. */
  readonly servicePort: number;
  readonly listenPort: number;
  readonly appPort: number;
  readonly protocol: ServicePort['protocol'];
  /** Undefined: no service has this port. */
  readonly service: MeshService | undefined;
}

/** What tells which workload a proxy has, or a workload itself. */
export type WorkloadOfProxy = Pick<MeshProxy, 'namespace' | 'name' | 'labels'>;

export function workloadOf(
  snapshot: MeshSnapshot,
  { namespace, name }: Pick<MeshProxy, 'namespace' | 'name'>,
): Workload | undefined {
  return snapshot.workloads.get(workloadKey({ namespace, name }));
}

/** The services that a proxy's workload serves. */
export function servicesServedBy(snapshot: MeshSnapshot, proxy: WorkloadOfProxy): MeshService[] {
  const workload = workloadOf(snapshot, proxy);
  const registered =
    workload === undefined || workload.service === ''
      ? undefined
      : findService(snapshot, resolveHost(snapshot, workload.service, proxy.namespace), proxy.namespace);
  const labels = workload?.labels ?? proxy.labels;
  return inMeshOrder(snapshot, [
    ...(registered === undefined ? [] : [registered]),
    ...servicesSelecting(snapshot, proxy.namespace, labels),
  ]);
}

/** Every port at which the proxy takes calls, by the port where they arrive. Its Sidecar's `ingress` says which, where it has any. */
export function inboundPorts(snapshot: MeshSnapshot, proxy: WorkloadOfProxy): InboundPort[] {
  return [...withIngress(portsOfWorkload(snapshot, proxy), sidecarFor(snapshot, proxy))].sort(
    (a, b) => a.listenPort - b.listenPort,
  );
}

function portsOfWorkload(snapshot: MeshSnapshot, proxy: WorkloadOfProxy): InboundPort[] {
  const workload = workloadOf(snapshot, proxy);
  const found = new Map<number, InboundPort>();
  for (const service of servicesServedBy(snapshot, proxy))
    for (const port of service.ports) {
      if (port.protocol === 'udp') continue;
      const listenPort = (workload && workloadPort(workload, port)) ?? port.targetPort ?? port.number;
      const appPort = workload?.ports.find((one) => one.listenPort === listenPort)?.appPort ?? listenPort;
      if (!found.has(listenPort))
        found.set(listenPort, { servicePort: port.number, listenPort, appPort, protocol: port.protocol, service });
    }
  for (const { servicePort, listenPort, appPort, protocol } of workload?.ports ?? [])
    if (!found.has(listenPort))
      found.set(listenPort, { servicePort, listenPort, appPort, protocol, service: undefined });
  return [...found.values()];
}
