import { fromBinary } from '@bufbuild/protobuf';
import { DecodeContext, formatFault, registry, sourceNamed } from '@weft/api-envoy';
import type { Bootstrap } from '@weft/api-envoy/gen/envoy/config/bootstrap/v3/bootstrap_pb';
import { LOG_LEVELS, type Runtime } from '@weft/core-runtime';
import { countedByOneWorker, SharedStats, SharedTallies, StatsStore } from '@weft/observe-metrics';
import { RelayedResolvers } from '@weft/proxy-upstream';
import { RelayedSubscriptions } from '@weft/xds-client';
import { createProxyRuntime, type LogHost } from '../proxy-runtime.ts';
import { ProxyServer } from '../proxy-server.ts';
import { ThreadCalls, type ThreadPort } from './thread-calls.ts';
import type { MainThread, WorkerStart } from './worker-messages.ts';

/** Only the main thread shows these. */
const MAIN_ONLY = /^server\.|^listener_manager\.workers_started$/;
/** What these say on every worker is news only once. */
const SAID_ONCE = ['config', 'upstream', 'main'];

/** The whole life of a worker thread: from now on it does what the main thread says. */
export function runProxyWorker(start: WorkerStart, port: ThreadPort, host: LogHost): void {
  const { options, index } = start;
  const runtime = createProxyRuntime(options, host);
  if (index > 0) sayOnce(runtime);
  const shared = new SharedStats(
    (list) => main.tell('addStats', list),
    (name) => !MAIN_ONLY.test(name) && (index === 0 || !countedByOneWorker(name)),
  );
  const tallies = new SharedTallies(start.tallies);
  const cx = new DecodeContext(sourceNamed('bootstrap'));
  const message = fromBinary(registry().getMessage('envoy.config.bootstrap.v3.Bootstrap')!, start.bootstrap);
  const main = new ThreadCalls<MainThread>(port, targets(), () => shared.flush());

  function targets(): object[] {
    const server = ProxyServer.decode(message as Bootstrap, cx, {
      options,
      runtime,
      store: new StatsStore(shared),
      workerIndex: index,
      tallies: (name) => tallies.get(name),
      ticketSecret: start.ticketSecret,
      resolvers: new RelayedResolvers((question) => main.call('resolveName', question)),
      // The main thread holds the streams: a server sees one proxy, however many workers it has.
      subscriptions: ({ ads, authorities }) =>
        new RelayedSubscriptions(
          {
            subscribeResources: (id, wish) => main.tell('subscribeResources', id, wish),
            unsubscribeResources: (id) => main.tell('unsubscribeResources', id),
            renameResources: (id, names) => main.tell('renameResources', id, names),
            askResourcesAgain: (id, names) => main.tell('askResourcesAgain', id, names),
          },
          { hasAds: ads !== undefined, hasRest: true, authorities },
        ),
      sockets: {
        alone: false,
        claim: (wish) => main.call('claim', wish),
        bound: (wish, socket) => main.tell('bound', wish, socket),
        released: (wish) => main.tell('released', wish),
      },
    });
    // The main thread decoded the same: a fault here is one of ours, or a file that changed meanwhile.
    return server === undefined
      ? [{ start: () => Promise.reject(new Error(cx.faults.map(formatFault).join('; '))) }]
      : [server, server.subscriptions];
  }
}

/** Raises the level of loggers that would repeat what the first worker says. */
function sayOnce({ loggers }: Runtime): void {
  for (const name of SAID_ONCE) {
    const logger = loggers.get(name);
    if (LOG_LEVELS.indexOf(logger.level) === LOG_LEVELS.indexOf('info')) logger.level = 'warning';
  }
}
