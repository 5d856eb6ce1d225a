import type { SidecarIngress, SidecarIngressTls, SidecarInboundConnectionPool, SidecarSpec } from '@weft/api-kube';
import { isIPv4, isIPv6 } from 'node:net';
import type { MeshObject } from './object.ts';
import { declaredProtocol, type Protocol } from './protocol.ts';
import type { InboundPort, MeshProxy } from './proxy.ts';

/** What a Sidecar says of a port at which its workloads take calls. Source: Sidecar.ingress. */
export interface IngressListener {
  readonly sidecar: MeshObject<SidecarSpec>;
  /** An IP address; `''`: the workload's. */
  readonly bind: string;
  readonly captureMode: NonNullable<SidecarIngress['captureMode']>;
  /** Where the program is: `127.0.0.1:8080`, `0.0.0.0:8080` (the workload's address), `unix:///path`; `''`: the program's port. */
  readonly endpoint: string;
  /** TLS of clients that is ended here, where PeerAuthentication says DISABLE. */
  readonly tls: SidecarIngressTls | undefined;
}

/** What `withIngress` adds to a port. */
export interface IngressFields {
  /** Absent: no Sidecar says anything of the port. */
  readonly ingress?: IngressListener;
  /** Limits of connections to the program. */
  readonly connectionPool?: SidecarInboundConnectionPool;
}

/**
 * The ports of a workload as its Sidecar has them: those that `ingress` names, and no others, where it names any. A port of the
 * workload is named by the number where calls arrive, else by that which clients know.
 */
export function withIngress(
  ports: readonly InboundPort[],
  sidecar: MeshObject<SidecarSpec> | undefined,
): readonly InboundPort[] {
  if (sidecar === undefined) return ports;
  const { ingress = [], inboundConnectionPool } = sidecar.spec;
  if (ingress.length === 0)
    return inboundConnectionPool === undefined
      ? ports
      : ports.map((port) => ({ ...port, connectionPool: inboundConnectionPool }));
  return ingress.map((listener): InboundPort => {
    const { bind = '', captureMode = 'DEFAULT', defaultEndpoint: endpoint = '', tls } = listener;
    const { number = 0, protocol } = listener.port;
    const known =
      ports.find(({ listenPort }) => listenPort === number) ?? ports.find(({ servicePort }) => servicePort === number);
    const connectionPool = listener.connectionPool ?? inboundConnectionPool;
    const spoken = declaredProtocol(protocol) ?? 'auto';
    return {
      servicePort: known?.servicePort ?? number,
      listenPort: known?.listenPort ?? number,
      appPort: known?.appPort ?? number,
      protocol: endsTls(tls) ? inside(spoken) : spoken,
      service: known?.service,
      ingress: { sidecar, bind, captureMode, endpoint, tls },
      ...(connectionPool === undefined ? {} : { connectionPool }),
    };
  });
}

function endsTls(tls: SidecarIngressTls | undefined): boolean {
  return tls?.mode === 'SIMPLE' || tls?.mode === 'MUTUAL' || tls?.mode === 'OPTIONAL_MUTUAL';
}

/** What is spoken inside the client's TLS. */
function inside(protocol: Protocol): Protocol {
  if (protocol === 'https') return 'http';
  return protocol === 'tls' ? 'tcp' : protocol;
}

/** Where the program of a port is reached from its proxy: a Unix socket, or an address and a port. */
export function programAddress(
  { appPort, ingress }: InboundPort,
  { addresses }: Pick<MeshProxy, 'addresses'>,
): { readonly path: string } | { readonly address: string; readonly port: number } {
  const { endpoint = '' } = ingress ?? {};
  if (endpoint === '') return { address: '127.0.0.1', port: appPort };
  if (endpoint.startsWith('unix://')) return { path: endpoint.slice('unix://'.length) };
  const colon = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = Number(endpoint.slice(colon + 1));
  if (host === '0.0.0.0') return { address: addresses.find((one) => isIPv4(one)) ?? '127.0.0.1', port };
  if (host === '::') return { address: addresses.find((one) => isIPv6(one)) ?? '::1', port };
  return { address: host === '' ? '127.0.0.1' : host, port };
}
