// gRPC clients and servers that take their configuration by xDS, and the resources that they are given.
import {
  edsCluster,
  findGoProgram,
  FROM_ADS,
  HCM_TYPE,
  http2Upstream,
  loopback,
  ROUTER_FILTER,
  startProcess,
  startSource,
  type CertificateAuthority,
  type IssuedCertificate,
  type RunningProcess,
} from '@weft/testing-harness';

/** How often each server answered, each error came, and the servers saw each identity. */
export interface GrpcOutcome {
  readonly servers: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly callers: Readonly<Record<string, number>>;
}

export interface GrpcClient {
  /** So many calls, one after the other; the servers refuse the first `fail` tries of each. */
  call(count: number, fail?: number): Promise<GrpcOutcome>;
  stop(): Promise<void>;
}

export type GrpcClientKind = 'grpc-go' | 'grpc-js-xds';

type Json = Readonly<Record<string, unknown>>;

const LISTENING = 'grpc/server?xds.resource.listening_address=';
const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';

export interface GrpcPeer {
  readonly node: string;
  readonly xdsPort: number;
  readonly ca: CertificateAuthority;
  readonly own: IssuedCertificate;
}

/** gRPC's xDS bootstrap, as the variable that holds it. */
function bootstrapOf({ node, xdsPort, ca, own }: GrpcPeer): Record<string, string> {
  const bootstrap = {
    xds_servers: [
      { server_uri: `127.0.0.1:${xdsPort}`, channel_creds: [{ type: 'insecure' }], server_features: ['xds_v3'] },
    ],
    // grpc-js-xds takes no bootstrap without a locality.
    node: { id: node, locality: { region: 'here' }, metadata: { GENERATOR: 'grpc' } },
    authorities: {},
    certificate_providers: {
      own: {
        plugin_name: 'file_watcher',
        config: {
          certificate_file: own.certFile,
          private_key_file: own.keyFile,
          ca_certificate_file: ca.caFile,
          refresh_interval: '600s',
        },
      },
    },
    server_listener_resource_name_template: `${LISTENING}%s`,
  };
  return { GRPC_XDS_BOOTSTRAP_CONFIG: JSON.stringify(bootstrap) };
}

async function goPeer(): Promise<string> {
  const found = await findGoProgram('grpc-peer');
  if ('reason' in found) throw new Error(found.reason);
  return found.binary;
}

export async function startGrpcClient(kind: GrpcClientKind, target: string, peer: GrpcPeer): Promise<GrpcClient> {
  const env = bootstrapOf(peer);
  const ready = /orders (\d+)/;
  const process =
    kind === 'grpc-go'
      ? await startProcess({ command: await goPeer(), args: ['call', '-target', target, '-secure'], env, ready })
      : await startSource({ main: 'apps/mesh-e2e/src/grpc-js-peer.ts', args: [target], env, ready });
  const [, port = ''] = await process.waitFor(ready);
  return {
    async call(count, fail = 0) {
      return (await (await fetch(`http://127.0.0.1:${port}/call?count=${count}&fail=${fail}`)).json()) as GrpcOutcome;
    },
    async stop() {
      await process.stop('SIGKILL');
    },
  };
}

export interface GrpcServerProcess {
  readonly port: number;
  readonly process: RunningProcess;
}

/** grpc-go's server; with `steered` it takes its listener, and its TLS, by xDS, and says when it serves. */
export async function startGrpcServer(name: string, steered?: GrpcPeer): Promise<GrpcServerProcess> {
  const args = ['serve', '-name', name, ...(steered === undefined ? [] : ['-xds'])];
  const env = steered === undefined ? {} : bootstrapOf(steered);
  const process = await startProcess({ command: await goPeer(), args, env, ready: /serving \d+/ });
  const [, port = ''] = await process.waitFor(/serving (\d+)/);
  return { port: Number(port), process };
}

const manager = (fields: Json): Json => ({ '@type': HCM_TYPE, stat_prefix: 'grpc', http_filters: [ROUTER_FILTER], ...fields }); // prettier-ignore

/** What a client asks for by `xds:///NAME`: no address, the connection manager alone. */
export const apiListener = (name: string, routes: string): Json => ({
  '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
  name,
  api_listener: { api_listener: manager({ rds: { route_config_name: routes, config_source: FROM_ADS } }) },
});

/** What a server asks for: by the address at which it listens, with mutual TLS. */
export const serverListener = (port: number): Json => ({
  '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
  name: `${LISTENING}127.0.0.1:${port}`,
  address: loopback(port),
  filter_chains: [
    {
      filters: [
        {
          name: 'hcm',
          typed_config: manager({
            route_config: {
              name: 'inbound',
              virtual_hosts: [
                { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, non_forwarding_action: {} }] },
              ],
            },
          }),
        },
      ],
      transport_socket: {
        name: 'envoy.transport_sockets.tls',
        typed_config: {
          '@type': `${TLS}.DownstreamTlsContext`,
          require_client_certificate: true,
          common_tls_context: {
            tls_certificate_provider_instance: { instance_name: 'own' },
            validation_context: { ca_certificate_provider_instance: { instance_name: 'own' } },
          },
        },
      },
    },
  ],
});

/** A cluster for gRPC clients; with `san`, over mutual TLS to a server of that name. */
export const grpcCluster = (name: string, san?: string): Json =>
  edsCluster(name, {
    lb_policy: 'ROUND_ROBIN',
    ...http2Upstream(),
    ...(san === undefined
      ? {}
      : {
          transport_socket: {
            name: 'envoy.transport_sockets.tls',
            typed_config: {
              '@type': `${TLS}.UpstreamTlsContext`,
              common_tls_context: {
                tls_certificate_provider_instance: { instance_name: 'own' },
                validation_context: {
                  ca_certificate_provider_instance: { instance_name: 'own' },
                  match_subject_alt_names: [{ exact: san }],
                },
              },
            },
          },
        }),
  });

/** Endpoints as gRPC wants them: in a locality with a weight. */
export const grpcEndpoints = (name: string, ports: readonly number[]): Json => ({
  '@type': 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  cluster_name: name,
  endpoints: [
    {
      locality: { region: 'here' },
      load_balancing_weight: 1,
      lb_endpoints: ports.map((port) => ({ health_status: 'HEALTHY', endpoint: { address: loopback(port) } })),
    },
  ],
});

export const grpcRoutes = (name: string, action: Json): Json => ({
  '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  name,
  virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '' }, route: action }] }],
});
