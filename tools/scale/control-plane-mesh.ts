import { fromJson, toBinary, type JsonObject } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { scopeOf, type Scale } from './mesh.ts';
import { encodeNames, type Subscriptions } from './thin-proxy.ts';

/** Every service speaks HTTP here; every tenth has a port for bytes too. */
const HTTP_PORT = 8080;
const TCP_PORT = 9000;
const FIRST_LOCAL_PORT = 20_000;

export const hostOf = (service: number): string => `service-${String(service)}.mesh.example`;

/** One workload: a program on a machine, with a proxy beside it or (`spare`) without one. */
function workloadEntry(service: number, name: string, address: string): string {
  return `apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: ${name}}
spec:
  address: ${address}
  labels: {app: service-${String(service)}, security.istio.io/tlsMode: istio}
  serviceAccount: default
`;
}

/** The file of one service: what it is, and the workloads that serve it. `spareAddress` is the endpoint that changes. */
export function serviceFile({ services, proxies }: Scale, service: number, spareAddress: string): string {
  const tcp = service % 10 === 0 ? `, {number: ${String(TCP_PORT)}, name: tcp, protocol: TCP}` : '';
  const documents = [
    `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: service-${String(service)}}
spec:
  hosts: [${hostOf(service)}]
  addresses: [${addressOf(240, service)}]
  ports: [{number: ${String(HTTP_PORT)}, name: http, protocol: HTTP}${tcp}]
  location: MESH_INTERNAL
  resolution: STATIC
  workloadSelector: {labels: {app: service-${String(service)}}}
`,
    workloadEntry(service, `spare-${String(service)}`, spareAddress),
  ];
  for (let at = service; at < proxies; at += services)
    documents.push(workloadEntry(service, `workload-${String(at)}`, addressOf(10, at)));
  return documents.join('---\n');
}

export function addressOf(first: number, at: number): string {
  return `${String(first)}.${String((at >> 16) & 255)}.${String((at >> 8) & 255)}.${String(at & 255)}`;
}

/** The node of one proxy, encoded: `REDIRECT`, or `NONE` with the services that its workload calls. */
export function nodeOf(scale: Scale, at: number): Uint8Array {
  const service = at % scale.services;
  const metadata: JsonObject = {
    NAMESPACE: 'default',
    WORKLOAD_NAME: `workload-${String(at)}`,
    LABELS: { app: `service-${String(service)}` },
    INSTANCE_IPS: addressOf(10, at),
    SERVICE_ACCOUNT: 'default',
    INTERCEPTION_MODE: scale.scope === 'all' ? 'REDIRECT' : 'NONE',
    ...(scale.scope === 'all'
      ? {}
      : {
          UPSTREAMS: scopeOf(scale, at).map((dialled, index) => ({
            host: hostOf(dialled),
            port: HTTP_PORT,
            localPort: FIRST_LOCAL_PORT + index,
          })),
        }),
  };
  const id = `sidecar~${addressOf(10, at)}~workload-${String(at)}.default~default.svc.cluster.local`;
  return new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(id)
    .tag(2, WireType.LengthDelimited)
    .string(`service-${String(service)}.default`)
    .tag(3, WireType.LengthDelimited)
    .bytes(toBinary(StructSchema, fromJson(StructSchema, metadata)))
    .finish();
}

/** What a proxy asks for by name, once its clusters and listeners told it: endpoints of each cluster, routes of each listener. */
export function subscriptionsOf(scale: Scale, at: number): Subscriptions {
  const services = scopeOf(scale, at);
  const cluster = (service: number, port: number): string => `outbound|${String(port)}||${hostOf(service)}`;
  const endpoints = services.flatMap((service) => [
    cluster(service, HTTP_PORT),
    ...(service % 10 === 0 ? [cluster(service, TCP_PORT)] : []),
  ]);
  const routes =
    scale.scope === 'all' ? [String(HTTP_PORT)] : services.map((service) => `${hostOf(service)}:${String(HTTP_PORT)}`);
  return { endpoints: encodeNames(endpoints), routes: encodeNames(routes) };
}

/** How many proxies have a service. */
export function concernedBy(scale: Scale, service: number): number {
  if (scale.scope === 'all') return scale.proxies;
  let count = 0;
  for (let at = 0; at < scale.proxies; at += 1) if (scopeOf(scale, at).includes(service)) count += 1;
  return count;
}
