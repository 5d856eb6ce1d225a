import {
  CertificateAuthority,
  ServingCertificate,
  TokenAuthority,
  certificateAuthenticator,
  certificateService,
  tokenAuthenticator,
} from '@weft/control-ca';
import { MeshSnapshotBuilder, type MeshObject, type MeshProxy } from '@weft/control-mesh';
import { CONTROL_PLANE_NAME, RegistrationStore, registrationRoutes, writePlace } from '@weft/control-registry';
import { translate } from '@weft/control-translate';
import { createRuntime, type Runtime } from '@weft/core-runtime';
import { GrpcServer, GrpcTls } from '@weft/net-grpc';
import { Snapshot, SnapshotCache, XdsServer, encodeResource, type XdsNode } from '@weft/xds-server';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

const TD = 'cluster.local';
const ISTIOD = { trustDomain: TD, namespace: 'istio-system', serviceAccount: 'istiod' };

/** The parts of the control plane that a workload meets, put together for tests. */
export interface TestControlPlane {
  readonly stateDir: string;
  readonly authority: CertificateAuthority;
  readonly registrations: RegistrationStore;
  readonly proxies: ReadonlyMap<string, MeshProxy>;
  readonly logged: readonly string[];
  /** Further documents; proxies are told at once. */
  set(object: MeshObject): void;
  stop(): Promise<void>;
}

export interface TestControlPlaneOptions {
  /** Unix sockets and state lie here too. Default: a new folder. */
  readonly certificateTtlMs?: number;
}

export async function startControlPlane({ certificateTtlMs }: TestControlPlaneOptions = {}): Promise<TestControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-cp-'));
  const stateDir = join(folder, '.weft-state');
  const logged: string[] = [];
  const runtime = createRuntime('info', (line) => logged.push(line));
  const authority = await CertificateAuthority.open(
    { stateDir, trustDomain: TD, ...(certificateTtlMs === undefined ? {} : { defaultTtlMs: certificateTtlMs }) },
    runtime,
  );
  const tokens = TokenAuthority.open(stateDir, TD, runtime);
  const mesh = new MeshPush(runtime);
  const registrations = new RegistrationStore({
    runtime,
    listener: {
      onRegistered: (registration) => mesh.change((builder) => builder.register(registration)),
      onUnregistered: ({ namespace, name }) => mesh.change((builder) => builder.unregister(namespace, name)),
    },
  });
  let tls: GrpcTls | undefined;
  const serving = await ServingCertificate.open({
    authority,
    identity: ISTIOD,
    dnsNames: [CONTROL_PLANE_NAME],
    addresses: ['127.0.0.1'],
    runtime,
    use: (material) => {
      if (tls === undefined) tls = new GrpcTls(material, 'request');
      else tls.replace(material);
    },
  });
  const authenticators = [tokenAuthenticator(tokens), certificateAuthenticator(TD, runtime.clock)];
  const ca = certificateService({ authority, authenticators, log: runtime.loggers.get('ca') });
  const grpc = new GrpcServer({ services: new Map([...ca, ...mesh.xds.services]), timers: runtime.timers });
  const secure = await grpc.listen({ address: '127.0.0.1:0', ...(tls === undefined ? {} : { tls }) });
  const http = httpServer(registrationRoutes(registrations, tokens));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const debug = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  writePlace(stateDir, { trustDomain: TD, secure, debug, serverName: CONTROL_PLANE_NAME });
  return {
    stateDir,
    authority,
    registrations,
    proxies: mesh.proxies,
    logged,
    set: (object) => mesh.change((builder) => builder.set(object)),
    stop: async () => {
      registrations.close();
      serving.close();
      authority.close();
      http.close();
      http.closeAllConnections();
      mesh.xds.close();
      await grpc.stop(0);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Each change is translated for every proxy and pushed at once. */
class MeshPush {
  readonly proxies = new Map<string, MeshProxy>();
  readonly xds: XdsServer;
  private readonly builder = new MeshSnapshotBuilder();
  private readonly cache = new SnapshotCache();

  constructor(runtime: Runtime) {
    this.xds = new XdsServer({
      cache: this.cache,
      runtime,
      owner: {
        onConnected: (node) => {
          this.proxies.set(node.id, proxyOf(node));
          this.push();
        },
      },
    });
  }

  change(edit: (builder: MeshSnapshotBuilder) => void): void {
    edit(this.builder);
    this.push();
  }

  private push(): void {
    const snapshot = this.builder.build();
    for (const [id, proxy] of this.proxies) {
      const { clusters, endpoints, listeners, routes } = translate(snapshot, proxy);
      this.cache.set(id, Snapshot.of([...clusters, ...endpoints, ...listeners, ...routes].map(encodeResource)));
    }
  }
}

function proxyOf({ id, metadata }: XdsNode): MeshProxy {
  return {
    id,
    role: 'sidecar',
    namespace: String(metadata['NAMESPACE']),
    name: String(metadata['WORKLOAD_NAME']),
    labels: metadata['LABELS'] as Readonly<Record<string, string>>,
    serviceAccount: String(metadata['SERVICE_ACCOUNT']),
    addresses: [String(metadata['INSTANCE_IPS'])],
    traffic: metadata['INTERCEPTION_MODE'] === 'NONE' ? 'explicit' : 'capture',
    upstreams: (metadata['UPSTREAMS'] ?? []) as unknown as MeshProxy['upstreams'],
    dialled: [],
    locality: '',
  };
}

function httpServer(routes: ReturnType<typeof registrationRoutes>): ReturnType<typeof createServer> {
  return createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const [, v1, workloads, ...parts] = (request.url ?? '').split('/');
      const pattern = `${request.method ?? ''} /${v1 ?? ''}/${workloads ?? ''}${'/*'.repeat(parts.length)}`;
      const headers = request.headers as Readonly<Record<string, string>>;
      const answer = routes[pattern]?.({ parts, body, headers }) ?? { status: 404, body: {} };
      response.writeHead(answer.status).end(JSON.stringify(answer.body));
    });
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
