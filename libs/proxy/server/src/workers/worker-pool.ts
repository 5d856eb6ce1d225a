import { randomBytes } from 'node:crypto';
import { toBinary } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import { after, type LogLevel, type Timers } from '@weft/core-runtime';
import type {
  CertificateStatus,
  ClusterStatus,
  ConfigDumpSection,
  ListenerStatus,
  UnreadyTargets,
} from '@weft/observe-admin';
import { adopt, createTallyMemory, type StatAnnouncement } from '@weft/observe-metrics';
import type { SocketWish } from '@weft/proxy-filter-api';
import { DnsResolvers, SharedResolver, type DnsQuestion } from '@weft/proxy-upstream';
import { SubscriptionRelay, sumLoads, type ClusterLoad, type LoadWish } from '@weft/xds-client';
import type { ConfigDumpOptions, DataPlane, DataPlaneFacts, DrainOrder } from '../data-plane.ts';
import type { OverloadReading } from '../overload/overload-state.ts';
import type { ProxyServer } from '../proxy-server.ts';
import { sumClusters } from './sum-clusters.ts';
import type { SharedSockets } from './shared-sockets.ts';
import { ThreadCalls } from './thread-calls.ts';
import { uniteTargets } from './unite-targets.ts';
import type { WorkerCalls, WorkerStart, WorkerThread } from './worker-messages.ts';

interface Worker {
  readonly thread: WorkerThread;
  readonly calls: ThreadCalls<WorkerCalls>;
  lastFacts: DataPlaneFacts;
}

/** How long a worker that is busy may keep whoever asks for stats waiting. */
const ANSWER_WITHIN_MS = 1000;

const NO_FACTS: DataPlaneFacts = {
  heapUsed: 0,
  heapTotal: 0,
  connections: 0,
  listeners: 0,
  clusters: 0,
  loopDelayMs: 0,
  firstCertExpiryMs: undefined,
};

/** How the pool gets its threads, and whom it tells that one is lost. */
export interface WorkerWays {
  startWorker(start: WorkerStart): WorkerThread;
  readonly sockets: SharedSockets;
  onLost(reason: string): void;
}

/**
 * The data plane of a proxy with several workers: each is a thread with an event loop, sockets, clusters and pools of its
 * own. Configuration is seen alike by all, so the first one answers for it; traffic is added up.
 */
export class WorkerPool implements DataPlane {
  private readonly workers: readonly Worker[];
  private readonly view: ProxyServer;
  private readonly relay: SubscriptionRelay;
  private readonly sockets: SharedSockets;
  private readonly timers: Timers;
  private stopping = false;

  /** `view` is the decoded configuration; its store (of SUMMED stats) takes what the workers count. */
  constructor(view: ProxyServer, ways: WorkerWays) {
    const { options, bootstrap, store } = view;
    const binary = toBinary(registry().getMessage(bootstrap.$typeName)!, bootstrap);
    const tallies = createTallyMemory();
    const ticketSecret = new Uint8Array(randomBytes(32));
    this.relay = new SubscriptionRelay({
      subscriptions: view.subscriptions,
      stats: store.root,
      timers: view.runtime.timers,
      threads: options.concurrency,
    });
    const usual = view.config.dnsServers;
    const names = new SharedResolver(new DnsResolvers(store.root, { usual }), view.runtime.timers);
    this.workers = Array.from({ length: options.concurrency }, (_, index): Worker => {
      const thread = ways.startWorker({ options, bootstrap: binary, index, tallies, ticketSecret });
      const { sockets } = ways;
      const link = this.relay.link({
        takeResources: (...args) => calls.call('takeResources', ...args),
        judgeResources: (...args) => calls.call('judgeResources', ...args),
        resourcesLate: (id) => calls.tell('resourcesLate', id),
        resourcesSettled: (id) => calls.tell('resourcesSettled', id),
      });
      const local = {
        addStats: (list: readonly StatAnnouncement[]) => adopt(store, list),
        claim: (wish: SocketWish) => sockets.claim(wish, index),
        bound: (wish: SocketWish, socket: { port: number; fd: number | undefined }) =>
          sockets.bound(wish, index, socket),
        released: (wish: SocketWish) => sockets.released(wish, index),
        resolveName: (question: DnsQuestion) => names.resolve(question),
      };
      const calls: ThreadCalls<WorkerCalls> = new ThreadCalls<WorkerCalls>(thread, [local, link]);
      let reason = 'it ended';
      thread.on('error', (error) => (reason = error.stack ?? error.message));
      thread.on('exit', () => {
        link.close();
        calls.fail(new Error(`worker ${index}: ${reason}`));
        if (!this.stopping) ways.onLost(`Worker ${index} is lost: ${reason}`);
      });
      return { thread, calls, lastFacts: NO_FACTS };
    });
    this.view = view;
    this.sockets = ways.sockets;
    this.timers = view.runtime.timers;
    store.gauge('listener_manager.workers_started').set(options.concurrency);
  }
  async start(): Promise<void> {
    const [first, ...others] = this.workers.map(({ calls }) => calls.call('start'));
    // Who waits for the first worker's sockets must not wait for ever.
    first?.catch((error: unknown) => this.sockets.fail(error as Error));
    const results = await Promise.allSettled([first, ...others]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    this.relay.allBegun();
    this.view.startRuntime();
    this.view.reports.startLoads(this);
  }

  async refresh(): Promise<DataPlaneFacts> {
    const all = await Promise.all(this.workers.map((worker) => this.factsOf(worker)));
    const { heapUsed, heapTotal } = process.memoryUsage();
    const sum = (read: (facts: DataPlaneFacts) => number): number =>
      all.reduce((total, facts) => total + read(facts), 0);
    return {
      heapUsed: heapUsed + sum((facts) => facts.heapUsed),
      heapTotal: heapTotal + sum((facts) => facts.heapTotal),
      connections: sum((facts) => facts.connections),
      listeners: all[0]?.listeners ?? 0,
      clusters: all[0]?.clusters ?? 0,
      firstCertExpiryMs: all[0]?.firstCertExpiryMs,
      loopDelayMs: Math.max(0, ...all.map((facts) => facts.loopDelayMs)),
    };
  }

  async clusterStatus(): Promise<readonly ClusterStatus[]> {
    const views = await this.all(({ calls }) => calls.call('clusterStatus'));
    return sumClusters([...views, this.view.calledStatus]);
  }
  /** A listener is there when every worker has it. */
  async listenerStatus(): Promise<readonly ListenerStatus[]> {
    const [first = [], ...others] = await this.all(({ calls }) => calls.call('listenerStatus'));
    return first.filter(({ name }) => others.every((list) => list.some((one) => one.name === name)));
  }
  certificates(): Promise<readonly CertificateStatus[]> {
    return this.first.call('certificates');
  }
  /** Shown by the worker that waits for most: what it has, all have. */
  async configDump(options: ConfigDumpOptions): Promise<readonly ConfigDumpSection[]> {
    const waiting = await this.all(async ({ calls }) => (await calls.call('unreadyTargets')).length);
    const last = this.workers[waiting.indexOf(Math.max(...waiting))] as Worker;
    return last.calls.call('configDump', { ...options, discovered: this.view.discovered });
  }
  async unreadyTargets(): Promise<readonly UnreadyTargets[]> {
    return uniteTargets(await this.all(({ calls }) => calls.call('unreadyTargets')));
  }

  beginLoads(wish: LoadWish): void {
    for (const { calls } of this.workers) calls.tell('beginLoads', wish);
  }
  async takeLoads(): Promise<readonly ClusterLoad[]> {
    return sumLoads(await this.all(async ({ calls }) => calls.call('takeLoads')));
  }

  async modifyRuntime(values: ReadonlyMap<string, string>): Promise<string | undefined> {
    return (await this.all(({ calls }) => calls.call('modifyRuntime', values)))[0];
  }
  async setLevels(levels: ReadonlyMap<string, LogLevel>): Promise<void> {
    await this.all(({ calls }) => calls.call('setLevels', levels));
  }
  async reopenLogs(): Promise<void> {
    await this.all(({ calls }) => calls.call('reopenLogs'));
  }
  async setHealthcheckFailing(failing: boolean): Promise<void> {
    await this.all(({ calls }) => calls.call('setHealthcheckFailing', failing));
  }
  async setOverload(reading: OverloadReading): Promise<void> {
    await this.all(({ calls }) => calls.call('setOverload', reading));
  }
  async drain(order: DrainOrder): Promise<void> {
    await this.all(({ calls }) => calls.call('drain', order));
  }
  async stopListeners(how: { readonly inboundOnly: boolean; readonly keepIdle: boolean }): Promise<void> {
    await this.all(({ calls }) => calls.call('stopListeners', how));
  }
  async drained(): Promise<void> {
    await this.all(({ calls }) => calls.call('drained'));
  }

  async stop(): Promise<void> {
    this.stopping = true;
    // First of all: servers need not hear how workers let go of one thing after the other.
    this.view.subscriptions.close();
    await Promise.allSettled(this.workers.map(({ calls }) => this.inTime(calls.call('stop'))));
    await Promise.all(this.workers.map(({ thread }) => thread.terminate()));
  }

  /** A worker that does not answer in time is shown as it last was, and as late as that. */
  private async factsOf(worker: Worker): Promise<DataPlaneFacts> {
    const facts = await this.inTime(worker.calls.call('refresh'));
    if (facts === undefined) return { ...worker.lastFacts, loopDelayMs: ANSWER_WITHIN_MS };
    worker.lastFacts = facts;
    return facts;
  }

  /** Undefined where the answer takes too long. */
  private inTime<T>(answer: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const limit = after(this.timers, ANSWER_WITHIN_MS, () => resolve(undefined));
      answer.then(resolve, reject).finally(() => limit.cancel());
    });
  }

  private get first(): ThreadCalls<DataPlane> {
    return (this.workers[0] as Worker).calls;
  }

  private all<T>(task: (worker: Worker) => Promise<T>): Promise<T[]> {
    return Promise.all(this.workers.map(task));
  }
}
