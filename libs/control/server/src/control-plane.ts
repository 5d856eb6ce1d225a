import {
  CertificateAuthority,
  certificateAuthenticator,
  certificateService,
  requireCertificate,
  ServingCertificate,
  TokenAuthority,
  tokenAuthenticator,
} from '@weft/control-ca';
import { ConfigHistory } from '@weft/control-debug';
import { workloadEntry, workloadGroup, type MeshSnapshot } from '@weft/control-mesh';
import {
  CONTROL_PLANE_NAME,
  registrationRoutes,
  registrationService,
  RegistrationStore,
  NO_DEFAULTS,
  writePlace,
  type BootstrapDefaults,
  type ControlPlanePlace,
} from '@weft/control-registry';
import { DirectorySource } from '@weft/control-sources';
import { parseOutboundCluster, translationSupport } from '@weft/control-translate';
import { SupportCheck } from '@weft/api-kube';
import { after, type Logger, type Runtime, type Timer } from '@weft/core-runtime';
import { GrpcServer, GrpcTls, type GrpcServerOptions } from '@weft/net-grpc';
import {
  clientStatusService,
  REST_PATHS,
  SnapshotCache,
  TYPE_URL,
  XdsServer,
  type Admit,
  type ProxyStatus,
  type XdsNode,
} from '@weft/xds-server';
import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { createAdmission } from './admission.ts';
import { ageMemory } from './age-memory.ts';
import { bootstrapDefaults } from './bootstrap-defaults.ts';
import { discoveryRoutes } from './discovery-routes.ts';
import type { WorkloadName } from './health-ledger.ts';
import { HttpApi, type ApiRoutes } from './http-api.ts';
import { meshDefaults } from './mesh-defaults.ts';
import { MeshState } from './mesh-state.ts';
import { ControlPlaneMetrics } from './metrics.ts';
import type { ControlPlaneOptions } from './options.ts';
import { mustBeFree } from './own-ports.ts';
import { Pusher } from './pusher.ts';
import { registrationMemory } from './registration-memory.ts';
import { Reports } from './reports.ts';
import { secretResources } from './secret-resources.ts';
import { StateLock } from './state-lock.ts';
import { statusVisibility } from './status-visibility.ts';

/** Where a control plane answers: `ip:port`, as bound. */
export interface ControlPlaneAddresses {
  readonly xds: string;
  readonly secure: string;
  readonly metrics: string;
  readonly debug: string;
}

const CLOSE_GRACE_MS = 1000;
const LEAST_CONNECTION_AGE_MS = 600_000;
/** Proxies are told of documents first. */
const KEEP_AFTER_MS = 250;
/** And meanwhile: so long at a time, and then not. */
const KEEP_SLICE_MS = 10;
const KEEP_PAUSE_MS = 10;

/**
 * The control plane: documents and registrations -> mesh -> resources for each proxy -> xDS, and the certificates of all.
 *
 *   opened -> serving -> stopped
 */
export class ControlPlane {
  readonly options: ControlPlaneOptions;
  readonly runtime: Runtime;
  readonly authority: CertificateAuthority;
  readonly cache = new SnapshotCache();
  readonly xds: XdsServer;
  readonly mesh: MeshState;
  readonly registrations: RegistrationStore;
  readonly pusher: Pusher;
  readonly metrics = new ControlPlaneMetrics();
  readonly reports: Reports;
  /** The versions of the documents that were in force. */
  private readonly kept: ConfigHistory;
  private readonly lock: StateLock;
  private readonly tokens: TokenAuthority;
  private readonly source: DirectorySource;
  private readonly logger: Logger;
  private snapshot: MeshSnapshot | undefined;
  /** The documents that the newest version was kept for. */
  private keptObjects: ReadonlyMap<string, unknown> | undefined;
  private keeping: Timer | undefined;
  private serving: ServingCertificate | undefined;
  private grpc: readonly GrpcServer[] = [];
  private http: readonly HttpApi[] = [];
  /** Where it serves; undefined: not yet. */
  private place: ControlPlanePlace | undefined;
  private told: ControlPlanePlace | undefined;

  /** Opens the state. Rejects with a sentence when it cannot be used. */
  static async open(options: ControlPlaneOptions, runtime: Runtime): Promise<ControlPlane> {
    // A mistyped name would be an empty mesh with a root of its own.
    if (statSync(options.configDir, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new Error(`--config-dir ${options.configDir}: there is no such folder; mkdir makes it`);
    StateLock.check(options.stateDir);
    await mustBeFree(options.ports, options.bindAddress);
    const lock = StateLock.take(options.stateDir);
    try {
      return new ControlPlane(options, runtime, { lock, authority: await openAuthority(options, runtime) });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(
    options: ControlPlaneOptions,
    runtime: Runtime,
    { authority, lock }: { readonly authority: CertificateAuthority; readonly lock: StateLock },
  ) {
    this.options = options;
    this.runtime = runtime;
    this.authority = authority;
    this.lock = lock;
    this.logger = runtime.loggers.get('main');
    this.tokens = TokenAuthority.open(options.stateDir, options.trustDomain, runtime);
    const { configDir, stateDir, keptVersions: kept } = options;
    this.kept = ConfigHistory.open({ configDir, stateDir, kept, clock: runtime.clock });
    const admit = createAdmission(options.trustDomain, (id) => this.pusher.connection(id));
    this.xds = this.createXds(admit);
    this.reports = this.createReports(admit);
    this.mesh = this.createMesh();
    this.pusher = new Pusher({
      runtime,
      cache: this.cache,
      queue: this.xds.queue,
      metrics: this.metrics,
      secrets: (names, namespace) => secretResources(this.mesh.objects, names, namespace),
    });
    this.registrations = new RegistrationStore({
      runtime,
      listener: this.mesh,
      memory: registrationMemory(options.stateDir, runtime.loggers.get('registry')),
      leaseMs: options.leaseMs,
    });
    this.source = new DirectorySource(
      {
        directory: options.configDir,
        ...(options.meshConfig === ''
          ? {}
          : { meshConfig: { file: options.meshConfig, namespace: options.rootNamespace } }),
        runtime,
        support: new SupportCheck(translationSupport),
        ages: ageMemory(options.stateDir, runtime.loggers.get('config')),
      },
      this.mesh,
    );
  }

  /** Reads everything, then opens the ports. Rejects with a sentence when one cannot be had; nothing is left open then. */
  async start(routes: (controlPlane: ControlPlane) => ApiRoutes = () => ({})): Promise<ControlPlaneAddresses> {
    await this.source.start();
    this.mesh.publish();
    try {
      return await this.listen(routes(this));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** The mesh that proxies are told of now. */
  get current(): MeshSnapshot | undefined {
    return this.snapshot;
  }

  /** The kept versions of the documents, the present one among them. */
  get history(): ConfigHistory {
    this.finishKeeping();
    return this.kept;
  }

  status(): readonly ProxyStatus[] {
    return this.xds.status();
  }

  async stop(): Promise<void> {
    this.source.close();
    this.finishKeeping();
    this.mesh.close();
    this.registrations.close();
    this.serving?.close();
    this.authority.close();
    this.xds.close();
    await Promise.all([
      ...this.grpc.map((server) => server.stop(CLOSE_GRACE_MS)),
      ...this.http.map((api) => api.close()),
    ]);
    this.grpc = [];
    this.http = [];
    this.lock.release();
  }

  private createXds(admit: Admit): XdsServer {
    const { runtime, cache, metrics } = this;
    return new XdsServer({
      cache,
      runtime,
      metrics,
      identifier: 'weft-control-plane',
      owner: {
        admit,
        // Private keys go to callers that prove who they are.
        withholds: ({ peerCertificate }, typeUrl) => typeUrl === TYPE_URL.secret && peerCertificate === undefined,
        onConnected: (node, { peerCertificate, protocol }) =>
          this.onConnected(node, peerCertificate !== undefined, protocol === 'delta'),
        onDisconnected: (node) => this.onDisconnected(node),
        onDemand: (node, typeUrl, names) => this.onDemand(node, typeUrl, names),
      },
    });
  }

  private onConnected(node: XdsNode, certified: boolean, onDemand: boolean): void {
    this.pusher.connected(node, certified, onDemand);
    this.reports.came(node.id);
    // Whoever took its id before it came is told no more of what is meant for it.
    if (certified) this.xds.shutUncertified(node.id, `${node.id} is connected with a certificate now`);
  }

  private onDisconnected(node: XdsNode): void {
    this.pusher.disconnected(node);
    if (this.pusher.proxy(node.id) === undefined) this.reports.left(node.id);
  }

  /** A proxy calls a service that its scope does not have: from now on it has. */
  private onDemand({ id }: XdsNode, typeUrl: string, names: readonly string[]): boolean {
    if (typeUrl !== TYPE_URL.cluster) return false;
    const hosts = names.flatMap((name) => parseOutboundCluster(name)?.host ?? []);
    return hosts.length > 0 && this.pusher.dialled(id, hosts);
  }

  private createMesh(): MeshState {
    const { options, runtime, metrics } = this;
    const { debounceQuietMs, debounceMaxMs } = options;
    return new MeshState(
      meshDefaults(options),
      { timers: runtime.timers, clock: runtime.clock, metrics, quietMs: debounceQuietMs, maxMs: debounceMaxMs },
      (mesh) => {
        this.snapshot = mesh;
        metrics.gauge('pilot_services', mesh.services.size);
        metrics.gauge('weft_workloads', mesh.workloads.size);
        metrics.gauge('weft_refused_documents', this.mesh.objects.refused.length);
        this.pusher.push(mesh);
        this.tellPlace();
        this.reports.renew();
        // Registrations change no document; and nobody's push waits for a disk.
        if (this.keptObjects !== this.mesh.objects.objects)
          this.keeping ??= after(runtime.timers, KEEP_AFTER_MS, () => this.keepVersion());
      },
    );
  }

  private finishKeeping(): void {
    while (this.keeping !== undefined) this.keepVersion(() => true);
  }

  /** In turns, since thousands of files take a while. A disk that is full must not stop the mesh. */
  private keepVersion(hasTime = this.slice()): void {
    const { timers } = this.runtime;
    this.keeping?.cancel();
    this.keeping = undefined;
    if (!this.kept.isRecording) this.keptObjects = this.mesh.objects.objects;
    try {
      if (!this.kept.recordAhead(hasTime)) this.keeping = after(timers, KEEP_PAUSE_MS, () => this.keepVersion());
      else if (this.keptObjects !== this.mesh.objects.objects)
        this.keeping = after(timers, KEEP_AFTER_MS, () => this.keepVersion());
    } catch (error) {
      this.logger.warning(`This version of the documents cannot be kept for a rollback: ${(error as Error).message}`);
    }
  }

  private slice(): () => boolean {
    const { clock } = this.runtime;
    const endMs = clock.nowMs() + KEEP_SLICE_MS;
    return () => clock.nowMs() < endMs;
  }

  private createReports(admit: Admit): Reports {
    const { runtime, metrics } = this;
    const owner = {
      proxy: (id: string) => this.pusher.proxy(id),
      mesh: () => this.snapshot,
      onHealth: (workload: WorkloadName, healthy: boolean) => this.mesh.setHealth(workload, healthy),
    };
    return new Reports({ clock: runtime.clock, metrics, owner, admit });
  }

  private async listen(routes: ApiRoutes): Promise<ControlPlaneAddresses> {
    const { bindAddress, ports } = this.options;
    const at = (port: number): string => `${bindAddress.includes(':') ? `[${bindAddress}]` : bindAddress}:${port}`;
    const { trustDomain, rootNamespace } = this.options;
    const visible = statusVisibility(trustDomain, rootNamespace);
    const services = new Map([
      ...this.xds.services,
      ...clientStatusService((caller) => visible(this.xds.status(), caller)),
      ...this.reports.services,
    ]);
    const plain = this.serve(services);
    const registry = registrationRoutes(this.registrations, this.tokens, () => this.bootstrap, {
      group: (namespace, name) => workloadGroup(this.snapshot, namespace, name)?.spec,
      entry: (namespace, name) => workloadEntry(this.mesh.objects.objects, namespace, name),
    });
    const authenticator = certificateAuthenticator(trustDomain);
    const certified = new Map([...services, ...registrationService({ routes: registry, authenticator })]);
    const secured = this.serve(new Map([...requireCertificate(certified), ...this.certificates()]), {
      // Certificates count as of the handshake: no connection outlives them by more than the life of one.
      maxConnectionAgeMs: Math.max(this.options.certificateTtlMs, LEAST_CONNECTION_AGE_MS),
    });
    const ready = { 'GET /ready': () => ({ status: 200, body: 'ready\n' }) };
    const debug = new HttpApi(
      { ...ready, ...routes, ...registry, ...discoveryRoutes(this.xds) },
      { names: [CONTROL_PLANE_NAME, ...this.options.dnsNames], asksByCluster: (path) => REST_PATHS.includes(path) },
    );
    const metrics = new HttpApi({
      'GET /metrics': () => ({
        status: 200,
        body: this.metrics.page(this.authority.samples()),
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
      }),
    });
    this.http = [debug, metrics];
    const addresses = {
      xds: await this.named('xds-port', plain.listen({ address: at(ports.xds) })),
      secure: await this.named('secure-port', secured.listen({ address: at(ports.secure), tls: await this.tls() })),
      metrics: await this.named('metrics-port', metrics.listen(ports.metrics, bindAddress)),
      debug: await this.named('debug-port', debug.listen(ports.debug, bindAddress)),
    };
    this.announce(addresses);
    return addresses;
  }

  private announce({ secure, debug, xds, metrics }: ControlPlaneAddresses): void {
    const { trustDomain } = this.options;
    this.place = { trustDomain, secure, debug: `http://${debug}`, serverName: CONTROL_PLANE_NAME };
    this.tellPlace();
    const { objects, faults } = this.mesh.objects;
    this.logger.info(`xDS: ${xds}; over TLS, with certificates: ${secure}; metrics: ${metrics}; debug: ${debug}.`);
    const others = faults.length > 0 ? `, ${faults.length} faults in others` : '';
    this.logger.info(`Serving ${objects.size} documents of ${this.options.configDir}${others}.`);
  }

  /** For runs that start from now on. */
  private tellPlace(): void {
    const place = this.place && { ...this.place, ...this.bootstrap };
    if (place === undefined || isDeepStrictEqual(place, this.told)) return;
    try {
      writePlace(this.options.stateDir, place);
      this.told = place;
    } catch (error) {
      if (this.told === undefined) throw error;
      this.logger.warning(`Runs on this machine are not told of the mesh's new defaults: ${(error as Error).message}`);
    }
  }

  private get bootstrap(): BootstrapDefaults {
    return this.snapshot === undefined ? NO_DEFAULTS : bootstrapDefaults(this.snapshot);
  }

  private serve(services: GrpcServerOptions['services'], limits: Partial<GrpcServerOptions> = {}): GrpcServer {
    const server = new GrpcServer({ services, timers: this.runtime.timers, ...limits });
    this.grpc = [...this.grpc, server];
    return server;
  }

  private certificates(): ReturnType<typeof certificateService> {
    const { runtime, options, authority, tokens } = this;
    const authenticators = [tokenAuthenticator(tokens), certificateAuthenticator(options.trustDomain, runtime.clock)];
    return certificateService({ authority, authenticators, log: runtime.loggers.get('ca') });
  }

  /** Its own certificate, by its own authority. Callers without one come for their first. */
  private async tls(): Promise<GrpcTls> {
    const { authority, options, runtime } = this;
    let tls: GrpcTls | undefined;
    this.serving = await ServingCertificate.open({
      authority,
      identity: { trustDomain: options.trustDomain, namespace: options.rootNamespace, serviceAccount: 'istiod' },
      dnsNames: [CONTROL_PLANE_NAME, 'localhost', ...options.dnsNames],
      addresses: ['127.0.0.1', '::1'],
      runtime,
      use: (material) => {
        if (tls === undefined) tls = new GrpcTls(material, 'request');
        else tls.replace(material);
      },
    });
    if (tls === undefined) throw new Error('the control plane has no certificate');
    return tls;
  }

  private async named(flag: string, listening: Promise<string>): Promise<string> {
    try {
      return await listening;
    } catch (error) {
      const reason = (error as Error).message;
      throw new Error(`--${flag} cannot be opened: ${reason}. Choose another, or 0 to let the system choose.`, {
        cause: error,
      });
    }
  }
}

function openAuthority(options: ControlPlaneOptions, runtime: Runtime): Promise<CertificateAuthority> {
  return CertificateAuthority.open(
    {
      stateDir: options.stateDir,
      trustDomain: options.trustDomain,
      ...(options.caDir === '' ? {} : { givenDir: options.caDir }),
      defaultTtlMs: options.certificateTtlMs,
      clockSkewMs: options.clockSkewMs,
    },
    runtime,
  );
}
