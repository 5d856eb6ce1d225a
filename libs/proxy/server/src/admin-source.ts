import type { Loggers } from '@weft/core-runtime';
import type {
  AdminAddress,
  AdminRuntime,
  AdminSource,
  AdminStats,
  CertificateStatus,
  ClusterStatus,
  ConfigDumpSection,
  DrainOptions,
  JsonObject,
  ListenerStatus,
  MemoryUsage,
  ServerInfo,
  UnreadyTargets,
} from '@weft/observe-admin';
import type { ListenerAddress } from '@weft/model-listener';
import { configDump } from './config-dump.ts';
import type { ProxyOptions } from './options.ts';
import type { ProxyServer } from './proxy-server.ts';
import { versionString } from './version.ts';

/** The admin server's view of a proxy. */
export class ProxyAdminSource implements AdminSource {
  readonly stats: AdminStats;
  readonly runtime: AdminRuntime;
  readonly loggers: Loggers;
  private readonly proxy: ProxyServer;

  constructor(proxy: ProxyServer, stats: AdminStats) {
    this.proxy = proxy;
    this.runtime = proxy.flags;
    this.loggers = proxy.runtime.loggers;
    this.stats = {
      render: (params, prometheus) => {
        proxy.refreshStats();
        return stats.render(params, prometheus);
      },
      resetCounters: () => stats.resetCounters(),
    };
  }

  serverInfo(): ServerInfo {
    const { proxy } = this;
    const uptimeMs = proxy.uptimeMs;
    return {
      version: versionString(),
      state: proxy.state,
      uptimeCurrentEpochMs: uptimeMs,
      uptimeAllEpochsMs: uptimeMs,
      hotRestartVersion: 'disabled',
      commandLineOptions: commandLine(proxy.options),
      node: proxy.nodeJson as JsonObject,
    };
  }

  clusters(): readonly ClusterStatus[] {
    return this.proxy.clusters.status();
  }

  listeners(): readonly ListenerStatus[] {
    return this.proxy.listeners.all.map(({ listener }) => ({
      name: listener.config.name,
      address: boundAddress(listener.config.address, listener.address?.port),
    }));
  }

  configDump(): readonly ConfigDumpSection[] {
    const { proxy } = this;
    return configDump({
      bootstrap: proxy.bootstrap,
      bootstrapMs: proxy.startWallMs,
      clusters: proxy.clusters.all,
      warmingClusters: proxy.clusters.allWarming,
      listeners: proxy.listeners.all,
      routes: proxy.routeDiscovery.all,
    });
  }

  unreadyTargets(): readonly UnreadyTargets[] {
    return this.proxy.state === 'LIVE' ? [] : [{ name: 'clusters', targetNames: this.proxy.clusters.warming }];
  }

  certificates(): readonly CertificateStatus[] {
    return this.proxy.clusters.certificates();
  }

  memory(): MemoryUsage {
    const { heapUsed, heapTotal, rss } = process.memoryUsage();
    return { allocated: heapUsed, heapSize: heapTotal, totalPhysical: rss };
  }

  drainListeners(options: DrainOptions): void {
    this.proxy.drainListeners(options);
  }
  setHealthcheckFailing(failing: boolean): void {
    this.proxy.setHealthcheckFailing(failing);
  }
  quit(): void {
    void this.proxy.shutdown();
  }
}

function boundAddress(address: ListenerAddress, port: number | undefined): AdminAddress {
  return address.kind === 'pipe' ? { path: address.path } : { ip: address.ip, port: port ?? address.port };
}

/** Source: envoy.admin.v3.CommandLineOptions. */
function commandLine(options: ProxyOptions): JsonObject {
  return {
    base_id: String(options.baseId),
    use_dynamic_base_id: false,
    base_id_path: '',
    concurrency: 1,
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
    file_flush_interval: `${options.fileFlushIntervalMs / 1000}s`,
    drain_time: `${options.drainTimeS}s`,
    drain_strategy: options.drainStrategy === 'gradual' ? 'Gradual' : 'Immediate',
    parent_shutdown_time: `${options.parentShutdownTimeS}s`,
    strict: options.strict,
  };
}
