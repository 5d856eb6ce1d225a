import {
  CaClient,
  credentialsOf,
  SecretServer,
  WorkloadCertificates,
  type ChannelCredentials,
} from '@weft/agent-certificates';
import type { BootstrapDefaults } from '@weft/control-registry';
import { after, type Logger, type Runtime } from '@weft/core-runtime';
import { formatIdentity } from '@weft/model-identity';
import { GrpcJsChannel } from '@weft/net-grpc';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sidecarBootstrap } from './bootstrap.ts';
import { claimName } from './claim-name.ts';
import { Child, endingText, exitCodeOf, type Program } from './child.ts';
import type { ControlPlaneAccess } from './control-plane-access.ts';
import { freePorts } from './free-port.ts';
import type { HealthWatch } from './health-watch.ts';
import { httpCall } from './http-call.ts';
import { MetricsMerge, type AskForMetrics } from './metrics-merge.ts';
import { programHealth } from './program-health.ts';
import { RegistrationClient, registryAt } from './registration-client.ts';
import { makeRunFolder } from './run-folder.ts';
import type { RunOptions } from './run-options.ts';
import { SecureRegistry } from './secure-registry.ts';
import { adminAt, type SidecarAdmin } from './sidecar-admin.ts';
import { Sidecar } from './sidecar.ts';
import { statsdAddress } from './statsd-address.ts';
import { StatusServer } from './status-server.ts';
import { mustBeFree, wantedPorts } from './wanted-ports.ts';
import type { WorkloadNetwork } from './workload-network.ts';

export interface WorkloadRunOptions {
  readonly options: RunOptions;
  readonly access: ControlPlaneAccess;
  readonly network: WorkloadNetwork;
  readonly runtime: Runtime;
  /** Of this process; the program gets it, and WEFT_* beside. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The sidecar for a bootstrap; flags that both proxies have are added. */
  readonly proxy: Program;
  /** Says what people should know. */
  readonly say: (line: string) => void;
}

interface Ports {
  readonly inbound: number;
  readonly readiness: number;
  readonly upstreams: readonly { readonly host: string; readonly port: number; readonly localPort: number }[];
}

/** With a network of its own a workload has the ports that Istio's have. */
const READINESS_PORT = 15_021;
const STATUS_PORT = 15_020;
const ADMIN_PORT = 15_000;
const STOP_PROXY_MS = 5000;

/**
 * One run of a workload:
 *
 *   certificate -> registration (unhealthy) -> sidecar -> program -> healthy
 *   end asked for: unhealthy, sidecar drains -> program ends -> registration and sidecar go
 *   program ends:  registration and sidecar go
 */
export class WorkloadRun {
  private readonly given: WorkloadRunOptions;
  private readonly runtime: Runtime;
  private readonly log: Logger;
  private readonly folder = makeRunFolder('run');
  private readonly certificates: WorkloadCertificates;
  private readonly secrets: SecretServer;
  private readonly registry: SecureRegistry;
  private readonly status = new StatusServer({
    fault: () => this.notReady(),
    metrics: (headers) => this.metrics.scrape(headers),
  });
  private readonly metrics: MetricsMerge;
  private registration: RegistrationClient | undefined;
  private sidecar: Sidecar | undefined;
  private health: HealthWatch | undefined;
  private program: Child | undefined;
  private ending: 'no' | 'asked' | 'now' = 'no';
  /** A gateway runs until this. */
  private readonly drained = Promise.withResolvers<undefined>();
  private started = false;
  private hurry: (() => void) | undefined;
  private readonly abandoned = Promise.withResolvers<never>();

  constructor(given: WorkloadRunOptions) {
    this.given = given;
    this.runtime = given.runtime;
    this.log = given.runtime.loggers.get('run');
    const { access } = given;
    const connect = (tls: ChannelCredentials): GrpcJsChannel =>
      new GrpcJsChannel({
        target: access.secure,
        clock: this.runtime.clock,
        tls: { ...tls, serverName: access.serverName },
      });
    const signer = new CaClient({
      connect,
      pinnedRoots: access.roots,
      token: () => Promise.resolve(access.token()),
      wallMs: () => this.runtime.clock.wallMs(),
      metadata: { WorkloadName: given.options.name },
    });
    this.certificates = new WorkloadCertificates({ identity: access.identity, signer, runtime: this.runtime });
    this.registry = new SecureRegistry({
      connect: (held) => connect(credentialsOf(held, access.roots)),
      held: () => this.certificates.current,
    });
    this.secrets = new SecretServer(this.certificates, this.socketPath, this.runtime);
    this.metrics = new MetricsMerge({
      sidecar: metricsAt(() => ({ server: this.admin.url(), path: '/stats/prometheus' })),
      program: programMetrics(given.options),
      certificateSeconds: () => this.certificateSeconds(),
      log: given.runtime.loggers.get('metrics'),
    });
    this.abandoned.promise.catch(() => undefined);
  }

  /** Runs until the program has ended; its exit code. Rejects when the workload could not be started. */
  async run(): Promise<number> {
    const prepared = this.prepare();
    // Given up meanwhile, nobody waits for it any more.
    prepared.catch(() => undefined);
    try {
      const ports = await Promise.race([prepared, this.abandoned.promise]);
      return await (this.given.options.gateway ? this.runGateway() : this.runProgram(ports));
    } finally {
      await this.clean();
    }
  }

  /** The first time: drain, then end the program. The second time: end it now. */
  async end(): Promise<void> {
    const { program } = this;
    if (this.ending !== 'no') {
      this.ending = 'now';
      this.hurry?.();
      program?.kill('SIGKILL');
      return;
    }
    this.ending = 'asked';
    if (program === undefined && !this.started) {
      this.abandoned.reject(new Error('ended before the program was started'));
      return;
    }
    const { drainMs, graceMs } = this.given.options;
    this.health?.close();
    this.registration?.setHealthy(false);
    await this.sidecar?.drain();
    this.given.say(`draining for ${drainMs / 1000} s; a second signal ends the program at once`);
    await new Promise<void>((resolve) => {
      const timer = after(this.runtime.timers, drainMs, () => resolve());
      this.hurry = () => {
        timer.cancel();
        resolve();
      };
      void program?.ended.then(this.hurry);
    });
    await program?.stop(graceMs, this.runtime.timers);
    this.drained.resolve(undefined);
  }

  private async prepare(): Promise<Ports> {
    const { network } = this.given;
    await mustBeFree(wantedPorts(this.given.options, network));
    const ports = await this.choosePorts();
    await this.status.listen(ports.readiness, network.address);
    if (network.captured) await this.status.listen(STATUS_PORT, network.address);
    await this.certify();
    // Nobody calls a gateway by a name of the mesh.
    if (!this.given.options.gateway) await this.register(ports);
    await this.startSidecar(ports);
    return ports;
  }

  private get socketPath(): string {
    return join(this.folder, 'secrets.sock');
  }

  /** What the sidecar writes. */
  private get proxyFolder(): string {
    return join(this.folder, 'proxy');
  }

  private async choosePorts(): Promise<Ports> {
    const { upstreams, inboundPort, readinessPort } = this.given.options;
    const { captured, address } = this.given.network;
    const [inbound = 0, readiness = 0, ...local] = await freePorts([
      '0.0.0.0',
      address,
      ...upstreams.map(() => '127.0.0.1'),
    ]);
    return {
      inbound: inboundPort === 0 ? inbound : inboundPort,
      readiness: readinessPort !== 0 ? readinessPort : captured ? READINESS_PORT : readiness,
      upstreams: upstreams.map(({ host, port, localPort = 0 }, at) => ({
        host,
        port,
        localPort: localPort === 0 ? (local[at] ?? 0) : localPort,
      })),
    };
  }

  private async certify(): Promise<void> {
    const { startMs } = this.given.options;
    await this.secrets.listen();
    const { network } = this.given;
    mkdirSync(this.proxyFolder, { mode: 0o700 });
    // The folder itself stays ours: we write the log in it, perhaps as root, and must not be led elsewhere by a link.
    for (const path of [this.proxyFolder, this.socketPath]) network.lend(path);
    network.enter(this.folder);
    this.certificates.start();
    const late = new Promise<never>((_, reject) => {
      after(this.runtime.timers, startMs, () =>
        reject(
          new Error(`no certificate within ${startMs / 1000} s: ${this.certificates.status.fault ?? 'no answer'}`),
        ),
      );
    });
    await Promise.race([this.certificates.ready(), late]);
  }

  private async register(ports: Ports): Promise<void> {
    const { options, access, network } = this.given;
    const { port, protocol, service, group, labels, serviceAccount, namespace, name } = options;
    this.registration = new RegistrationClient({
      call: access.registry === undefined ? this.registry.call : registryAt(access.registry),
      namespace,
      name,
      registration: {
        service: port === undefined ? '' : service,
        addresses: [network.address],
        labels,
        serviceAccount,
        ...(group === undefined ? {} : { group }),
        ports: port === undefined ? [] : [this.registeredPort(port, ports, protocol)],
      },
      token: access.token,
      runtime: this.runtime,
    });
    const { runtime, registration: client } = this;
    await claimName({ client, runtime, say: this.given.say, withinMs: options.startMs });
  }

  /** Captured traffic arrives at the program's own port; else the sidecar has one beside it. */
  private registeredPort({ service, app }: { service: number; app: number }, ports: Ports, protocol: string): object {
    const listenPort = this.given.network.captured ? app : ports.inbound;
    return { port: service, appPort: app, listenPort, ...(protocol === '' ? {} : { protocol }) };
  }

  private async bootstrapDefaults(): Promise<BootstrapDefaults> {
    const {
      spanCluster,
      metricsService,
      statsd: told,
    } = { ...this.given.access.bootstrap, ...this.registration?.bootstrap };
    const statsd = await statsdAddress(told).catch((error: unknown) => {
      this.log.warning(`no stats go to statsd at ${told}: ${(error as Error).message}`);
      return '';
    });
    return { spanCluster, metricsService, statsd };
  }

  private async startSidecar(ports: Ports): Promise<void> {
    const { options, access, network, proxy, env } = this.given;
    const { name, namespace, serviceAccount, labels, adminPort, delta, gateway } = options;
    const { listenerDrainSeconds, logLevel, concurrency } = options;
    const bootstrap = join(this.folder, 'bootstrap.json');
    const facts = sidecarBootstrap({
      role: gateway ? 'router' : 'sidecar',
      name,
      namespace,
      serviceAccount,
      labels,
      adminPort: adminPort === 0 && network.captured ? ADMIN_PORT : adminPort,
      delta,
      address: network.address,
      upstreams: network.captured ? undefined : ports.upstreams,
      controlPlane: network.controlPlane,
      serverName: access.serverName,
      secretSocket: this.socketPath,
      ...(await this.bootstrapDefaults()),
    });
    writeFileSync(bootstrap, `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 });
    network.lend(bootstrap);
    const flags = ['-c', bootstrap, '--admin-address-path', this.addressFile, '--disable-hot-restart'];
    // Immediate: a connection that stands from before a policy changed is told to go with its next response.
    const drain = ['--drain-strategy', 'immediate', '--drain-time-s', String(listenerDrainSeconds)];
    const log = [
      '-l',
      logLevel.level,
      ...(logLevel.components === '' ? [] : ['--component-log-level', logLevel.components]),
    ];
    const args = [...proxy.args, ...flags, '--concurrency', String(concurrency), ...drain, ...log];
    this.sidecar = new Sidecar({
      program: network.wrapProxy({ command: proxy.command, args }),
      env,
      log: this.proxyLog,
      addressFile: this.addressFile,
      admin: this.admin,
      runtime: this.runtime,
    });
    await this.sidecar.start(options.startMs);
    this.tell(ports, this.admin.url());
  }

  private get addressFile(): string {
    return join(this.proxyFolder, 'admin-address');
  }

  private get admin(): SidecarAdmin {
    return adminAt(this.addressFile);
  }

  private certificateSeconds(): number | undefined {
    if (this.certificates.current === undefined) return undefined;
    return Math.round((this.certificates.status.notAfterMs - this.runtime.clock.wallMs()) / 1000);
  }

  private get proxyLog(): string {
    return this.given.options.proxyLog ?? join(this.folder, 'proxy.log');
  }

  private tell(ports: Ports, admin: string | undefined): void {
    const { options, access, network, say } = this.given;
    const { port } = options;
    const { name, service } = options;
    const inbound =
      port === undefined
        ? ''
        : `; ${service || name}:${port.service} arrives at ${network.address}:${network.captured ? port.app : ports.inbound}`;
    say(`${name} is ${formatIdentity(access.identity)}${inbound}`);
    say(`sidecar ${admin ?? ''} is ready, its log ${this.proxyLog}`);
    for (const { host, port: number, localPort } of network.captured ? [] : ports.upstreams)
      say(`${host}:${number} is at 127.0.0.1:${localPort}`);
  }

  private async runGateway(): Promise<number> {
    this.started = true;
    this.given.say(`${this.given.options.name} is ready`);
    await this.drained.promise;
    return 0;
  }

  private async runProgram(ports: Ports): Promise<number> {
    const { options, network, say, runtime } = this.given;
    const [command = '', ...args] = options.command;
    const health = programHealth({
      options,
      told: this.registration?.probe,
      runtime,
      wrap: (program) => network.wrapProgram(program),
      env: this.programEnv(ports),
      say,
      onHealth: (healthy) => this.registration?.setHealthy(healthy),
    });
    this.health = health;
    this.program = new Child(network.wrapProgram({ command, args }), {
      env: this.programEnv(ports),
      log: undefined,
      apart: true,
    });
    health.start();
    const ending = await this.program.ended;
    if (this.ending === 'no' && exitCodeOf(ending) !== 0) say(`${command} ended ${endingText(ending)}`);
    return exitCodeOf(ending);
  }

  /** docs/weft-run.md lists these. */
  private programEnv(ports: Ports): Readonly<Record<string, string | undefined>> {
    const { options, access, env, network } = this.given;
    const upstreams = network.captured
      ? []
      : ports.upstreams.map(({ host, port, localPort }) => [
          `WEFT_UPSTREAM_${host.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_${port}`,
          `127.0.0.1:${localPort}`,
        ]);
    return {
      ...env,
      WEFT_NAME: options.name,
      WEFT_NAMESPACE: options.namespace,
      WEFT_SERVICE_ACCOUNT: options.serviceAccount,
      WEFT_IDENTITY: formatIdentity(access.identity),
      WEFT_READINESS: `http://${network.address}:${ports.readiness}/healthz/ready`,
      WEFT_METRICS: `http://${network.address}:${network.captured ? STATUS_PORT : ports.readiness}/stats/prometheus`,
      ...(Object.fromEntries(upstreams) as Record<string, string>),
    };
  }

  private async notReady(): Promise<string | undefined> {
    if (this.certificates.current === undefined) return 'there is no certificate';
    if ((await this.sidecar?.isReady()) !== true) return 'the sidecar is not ready';
    if (this.ending !== 'no') return 'the workload is ending';
    return this.given.options.gateway || this.health?.isHealthy === true ? undefined : 'the program is not healthy';
  }

  private async clean(): Promise<void> {
    this.health?.close();
    this.status.close();
    await this.registration?.deregister();
    this.registry.close();
    await this.sidecar?.stop(STOP_PROXY_MS);
    this.certificates.close();
    await this.secrets.stop();
    // Who gave no place for the log wants none kept, unless there is something to look up in it.
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** At an address that may not be known yet. */
function metricsAt(where: () => { readonly server: string | undefined; readonly path: string }): AskForMetrics {
  return ({ accept, timeoutMs }) => {
    const { server, path } = where();
    if (server === undefined) return Promise.reject(new Error('it does not serve yet'));
    return httpCall({ server, method: 'GET', path, headers: { accept }, body: '', timeoutMs });
  };
}

function programMetrics({ metrics }: RunOptions): AskForMetrics | undefined {
  return metrics === undefined
    ? undefined
    : metricsAt(() => ({ server: `http://127.0.0.1:${metrics.port}`, path: metrics.path }));
}
