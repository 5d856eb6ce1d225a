import { create } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { HealthCheckSpecifier } from '@weft/api-envoy/gen/envoy/service/health/v3/hds_pb';
import { inboundPorts, programAddress, type MeshProxy, type MeshSnapshot } from '@weft/control-mesh';
import type { EndpointHealth, HealthSink, XdsNode } from '@weft/xds-server';

export interface WorkloadName {
  readonly namespace: string;
  readonly name: string;
}

/** What the ledger asks of the control plane. */
export interface HealthOwner {
  proxy(nodeId: string): MeshProxy | undefined;
  mesh(): MeshSnapshot | undefined;
  /** A workload's proxy found it so. */
  onHealth(workload: WorkloadName, healthy: boolean): void;
}

const SECOND = { seconds: 1n, nanos: 0 };
/** A check more or less is no news: a program that collects garbage is not gone. */
const UNHEALTHY_AFTER = 3;

/**
 * Health by HDS: a proxy that offers to check is asked to check the ports of its own workload, and what it finds is the health
 * of the workload's endpoints everywhere. For workloads whose agent does not probe them: `weft run` does.
 */
export class HealthLedger implements HealthSink {
  private readonly owner: HealthOwner;

  constructor(owner: HealthOwner) {
    this.owner = owner;
  }

  checks({ id }: XdsNode): HealthCheckSpecifier | undefined {
    const proxy = this.owner.proxy(id);
    const mesh = this.owner.mesh();
    const schema = registry().getMessage('envoy.service.health.v3.HealthCheckSpecifier');
    if (proxy === undefined || mesh === undefined || schema === undefined) return undefined;
    return create(schema, {
      interval: SECOND,
      clusterHealthChecks: inboundPorts(mesh, proxy).map((port) => ({
        clusterName: `inbound|${port.servicePort}||`,
        healthChecks: [tcpCheck()],
        localityEndpoints: [{ endpoints: [{ address: addressOf(programAddress(port, proxy)) }] }],
      })),
    }) as HealthCheckSpecifier;
  }

  onHealth({ id }: XdsNode, found: readonly EndpointHealth[]): void {
    const proxy = this.owner.proxy(id);
    // Before the first verdict nobody knows: nothing is taken out for that.
    if (proxy === undefined || found.length === 0 || found.every(({ health }) => health === 'UNKNOWN')) return;
    const isDown = found.some(({ health }) => health === 'UNHEALTHY' || health === 'TIMEOUT' || health === 'DRAINING');
    this.owner.onHealth(proxy, !isDown);
  }
}

function tcpCheck(): object {
  return {
    timeout: SECOND,
    interval: SECOND,
    unhealthyThreshold: UNHEALTHY_AFTER,
    healthyThreshold: 1,
    healthChecker: { case: 'tcpHealthCheck', value: {} },
  };
}

function addressOf(at: ReturnType<typeof programAddress>): object {
  if ('path' in at) return { address: { case: 'pipe', value: { path: at.path } } };
  const { address, port } = at;
  return { address: { case: 'socketAddress', value: { address, portSpecifier: { case: 'portValue', value: port } } } };
}
