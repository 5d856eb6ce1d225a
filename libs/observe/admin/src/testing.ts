import type { Loggers } from '@weft/core-runtime';
import type {
  AdminReply,
  AdminRuntime,
  AdminSource,
  AdminStats,
  CertificateStatus,
  ClusterStatus,
  ConfigDumpSection,
  DrainOptions,
  HostStatus,
  ListenerStatus,
  MemoryUsage,
  RuntimeEntry,
  ServerInfo,
  UnreadyTargets,
} from './admin-source.ts';

const THRESHOLDS = { maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024, maxRetries: 3 };

/** A proxy that is only its status: two clusters, a listener, some configuration. `calls` is what was asked of it. */
export class FakeAdminSource implements AdminSource {
  readonly calls: string[] = [];
  readonly loggers: Loggers;
  readonly stats: AdminStats;
  readonly runtime = new FakeAdminRuntime();
  info: ServerInfo = {
    version: '0123456789012345678901234567890123456789/1.40.0/Clean/RELEASE/OpenSSL',
    state: 'LIVE',
    uptimeCurrentEpochMs: 126_900,
    uptimeAllEpochsMs: 126_900,
    hotRestartVersion: '11.104',
    commandLineOptions: { base_id: '0', concurrency: 1, drain_time: '600s' },
    node: { id: 'front-1', cluster: 'front-proxy' },
  };
  sections: ConfigDumpSection[] = [];
  unready: UnreadyTargets[] = [];

  constructor(loggers: Loggers) {
    this.loggers = loggers;
    this.stats = {
      render: (params, prometheus): AdminReply => ({
        status: 200,
        contentType: 'text/plain; charset=UTF-8',
        body: `stats ${prometheus} ${params}\n`,
      }),
      resetCounters: () => void this.calls.push('resetCounters'),
    };
  }

  serverInfo(): ServerInfo {
    return this.info;
  }
  clusters(): readonly ClusterStatus[] {
    const thresholds = { default: THRESHOLDS, high: THRESHOLDS };
    return [
      { name: 'up', observabilityName: 'up', addedViaApi: false, thresholds, hosts: [fakeHost()] },
      {
        name: 'dead',
        observabilityName: 'dead',
        addedViaApi: true,
        thresholds,
        hosts: [
          { ...fakeHost(), address: { path: '/tmp/sock' }, healthFlags: ['failed_active_hc', 'degraded_eds_health'] },
        ],
      },
    ];
  }
  listeners(): readonly ListenerStatus[] {
    return [
      { name: 'l1', address: { ip: '127.0.0.1', port: 18080 } },
      { name: 'l2', address: { ip: '::1', port: 18080 } },
    ];
  }
  configDump({ includeEds }: { readonly includeEds: boolean }): readonly ConfigDumpSection[] {
    return this.sections.filter((section) => includeEds || !section['@type'].endsWith('EndpointsConfigDump'));
  }
  unreadyTargets(): readonly UnreadyTargets[] {
    return this.unready;
  }
  certificates(): readonly CertificateStatus[] {
    return [
      {
        caCertificates: [],
        certificateChain: [
          {
            path: '/c.pem',
            serialNumber: '1604',
            subjectAltNames: [{ kind: 'dns', value: 'a.example' }],
            daysUntilExpiration: 29,
            validFrom: '2026-11-21T04:54:58Z',
            expirationTime: '2026-12-21T04:54:58Z',
          },
        ],
      },
    ];
  }
  memory(): MemoryUsage {
    return { allocated: 6_000_000, heapSize: 10_000_000, totalPhysical: 40_000_000 };
  }
  levelsChanged(): void {
    this.calls.push('levelsChanged');
  }
  drainListeners(options: DrainOptions): void {
    this.calls.push(`drain ${JSON.stringify(options)}`);
  }
  setHealthcheckFailing(failing: boolean): void {
    this.calls.push(`failing ${failing}`);
    this.info = { ...this.info, state: failing ? 'DRAINING' : 'LIVE' };
  }
  reopenLogs(): void {
    this.calls.push('reopenLogs');
  }
  quit(): void {
    this.calls.push('quit');
  }
}

function fakeHost(): HostStatus {
  return {
    address: { ip: '127.0.0.1', port: 18081 },
    stats: {
      cxActive: 0,
      cxConnectFail: 0,
      cxTotal: 1,
      rqActive: 2,
      rqPendingActive: 0,
      rqError: 1,
      rqSuccess: 4,
      rqTimeout: 0,
      rqTotal: 5,
    },
    hostname: 'localhost',
    healthFlags: [],
    weight: 1,
    region: 'r',
    zone: 'z',
    subZone: '',
    canary: false,
    priority: 0,
    successRate: -1,
    localOriginSuccessRate: -1,
  };
}

class FakeAdminRuntime implements AdminRuntime {
  readonly layers = ['static', 'admin'];
  private readonly overrides = new Map<string, string>();

  entries(): readonly RuntimeEntry[] {
    const override = this.overrides.get('a.b') ?? '';
    return [{ key: 'a.b', finalValue: override || '5', layerValues: ['5', override] }];
  }
  modify(values: ReadonlyMap<string, string>): string | undefined {
    if (values.has('forbidden')) return 'No admin layer specified';
    for (const [key, value] of values) this.overrides.set(key, value);
    return undefined;
  }
}
