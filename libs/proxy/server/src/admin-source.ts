import type { Loggers, Runtime } from '@weft/core-runtime';
import type {
  AdminRuntime,
  AdminSource,
  AdminStats,
  Awaitable,
  CertificateStatus,
  ClusterStatus,
  ConfigDumpSection,
  DrainOptions,
  JsonObject,
  ListenerStatus,
  MemoryUsage,
  ServerInfo,
  ServerState,
  UnreadyTargets,
} from '@weft/observe-admin';
import type { DataPlane, DataPlaneFacts } from './data-plane.ts';
import type { ProxyOptions } from './options.ts';
import type { RuntimeLayers } from './runtime-layers.ts';
import { versionString } from './version.ts';

/** The process that is shown and commanded. */
export interface AdminOwner {
  readonly runtime: Runtime;
  readonly options: ProxyOptions;
  readonly view: { readonly flags: RuntimeLayers; readonly nodeJson: unknown };
  readonly plane: DataPlane;
  readonly hotRestart: { readonly version: string } | undefined;
  readonly state: ServerState;
  readonly uptimeMs: number;
  readonly uptimeAllEpochsMs: number;
  refreshStats(): Promise<DataPlaneFacts>;
  modifyRuntime(values: ReadonlyMap<string, string>): string | undefined;
  levelsChanged(): void;
  reopenLogs(): void;
  drainListeners(options: DrainOptions): void;
  setHealthcheckFailing(failing: boolean): void;
  shutdown(): Promise<void>;
}

/** The admin server's view of a proxy. */
export class ProxyAdminSource implements AdminSource {
  readonly stats: AdminStats;
  readonly runtime: AdminRuntime;
  readonly loggers: Loggers;
  private readonly proxy: AdminOwner;

  constructor(proxy: AdminOwner, stats: AdminStats) {
    this.proxy = proxy;
    const { flags } = proxy.view;
    this.runtime = {
      layers: flags.layers,
      entries: () => flags.entries(),
      modify: (values) => proxy.modifyRuntime(values),
    };
    this.loggers = proxy.runtime.loggers;
    this.stats = {
      render: async (params, prometheus) => {
        await proxy.refreshStats();
        return stats.render(params, prometheus);
      },
      resetCounters: () => stats.resetCounters(),
    };
  }

  serverInfo(): ServerInfo {
    const { proxy } = this;
    return {
      version: versionString(),
      state: proxy.state,
      uptimeCurrentEpochMs: proxy.uptimeMs,
      uptimeAllEpochsMs: proxy.uptimeAllEpochsMs,
      hotRestartVersion: proxy.hotRestart?.version ?? 'disabled',
      commandLineOptions: commandLine(proxy.options),
      node: proxy.view.nodeJson as JsonObject,
    };
  }

  clusters(): Awaitable<readonly ClusterStatus[]> {
    return this.proxy.plane.clusterStatus();
  }
  listeners(): Awaitable<readonly ListenerStatus[]> {
    return this.proxy.plane.listenerStatus();
  }
  configDump(options: { readonly includeEds: boolean }): Awaitable<readonly ConfigDumpSection[]> {
    return this.proxy.plane.configDump(options);
  }
  unreadyTargets(): Awaitable<readonly UnreadyTargets[]> {
    return this.proxy.plane.unreadyTargets();
  }
  certificates(): Awaitable<readonly CertificateStatus[]> {
    return this.proxy.plane.certificates();
  }

  async memory(): Promise<MemoryUsage> {
    const { heapUsed, heapTotal } = await this.proxy.refreshStats();
    return { allocated: heapUsed, heapSize: heapTotal, totalPhysical: process.memoryUsage.rss() };
  }

  levelsChanged(): void {
    this.proxy.levelsChanged();
  }
  drainListeners(options: DrainOptions): void {
    this.proxy.drainListeners(options);
  }
  setHealthcheckFailing(failing: boolean): void {
    this.proxy.setHealthcheckFailing(failing);
  }
  reopenLogs(): void {
    this.proxy.reopenLogs();
  }
  quit(): void {
    void this.proxy.shutdown();
  }
}

/** Source: envoy.admin.v3.CommandLineOptions. */
function commandLine(options: ProxyOptions): JsonObject {
  return {
    base_id: String(options.baseId),
    use_dynamic_base_id: options.useDynamicBaseId,
    base_id_path: options.baseIdPath,
    concurrency: options.concurrency,
    config_path: options.configPath,
    config_yaml: options.configYaml,
    allow_unknown_static_fields: false,
    reject_unknown_dynamic_fields: true,
    ignore_unknown_dynamic_fields: false,
    admin_address_path: options.adminAddressPath,
    local_address_ip_version: options.localAddressIpVersion,
    log_level: options.logLevel,
    component_log_level: [...options.componentLogLevels].map(([component, level]) => `${component}:${level}`).join(','),
    log_format: '[%Y-%m-%d %T.%e][%t][%l][%n] %v',
    log_path: options.logPath,
    service_cluster: options.serviceCluster,
    service_node: options.serviceNode,
    service_zone: options.serviceZone,
    mode: { serve: 'Serve', validate: 'Validate', init_only: 'InitOnly' }[options.mode],
    disable_hot_restart: options.disableHotRestart,
    restart_epoch: options.restartEpoch,
    skip_hot_restart_parent_stats: options.skipHotRestartParentStats,
    socket_path: options.socketPath,
    socket_mode: options.socketMode,
    file_flush_interval: `${options.fileFlushIntervalMs / 1000}s`,
    drain_time: `${options.drainTimeS}s`,
    drain_strategy: options.drainStrategy === 'gradual' ? 'Gradual' : 'Immediate',
    parent_shutdown_time: `${options.parentShutdownTimeS}s`,
    // What only Envoy's build has is off here.
    enable_mutex_tracing: false,
    enable_fine_grain_logging: false,
    enable_core_dump: false,
    cpuset_threads: false,
    log_format_escaped: false,
    strict: options.strict,
  };
}
