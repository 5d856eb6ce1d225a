import { LOG_LEVELS } from '@weft/core-runtime';
import type { AdminReply, AdminSource } from './admin-source.ts';
import { clustersJson, clustersText } from './clusters.ts';
import { configDump } from './config-dump.ts';
import { jsonReply, textReply, type AdminRequest, type Endpoint, type EndpointParameter } from './endpoint.ts';
import { logging } from './logging.ts';
import {
  certificatesJson,
  listenersJson,
  listenersText,
  memoryJson,
  ready,
  runtimeJson,
  serverInfoJson,
  unreadyTargetsJson,
} from './server-status.ts';

const OK = textReply('OK\n');
const NO_PARAMETERS: readonly EndpointParameter[] = [];
const FORMAT: EndpointParameter = { name: 'format', description: 'How to print it', values: ['text', 'json'] };
const STATS_PARAMETERS: readonly EndpointParameter[] = [
  { name: 'usedonly', description: 'Only stats that have ever moved', values: 'flag' },
  {
    name: 'filter',
    description: 'Regular expression (RE2) that names must match',
    values: 'text',
    example: 'upstream_rq',
  },
  { name: 'invert_filter', description: 'Leave out what the filter matches', values: 'flag' },
];

const overview: readonly Endpoint[] = [
  {
    path: '/server_info',
    group: 'Overview',
    description: 'version, state, uptime, command line and node of this proxy',
    mutates: false,
    parameters: NO_PARAMETERS,
    handle: (source) => jsonReply(serverInfoJson(source.serverInfo())),
  },
  {
    path: '/ready',
    group: 'Overview',
    description: 'the state: 200 when LIVE, otherwise 503',
    mutates: false,
    parameters: NO_PARAMETERS,
    handle: (source) => ready(source.serverInfo()),
  },
  {
    path: '/clusters',
    group: 'Overview',
    description: 'upstream clusters, their hosts, health and counters',
    mutates: false,
    parameters: [
      {
        name: 'filter',
        description: 'Regular expression (RE2) that names must match',
        values: 'text',
        example: '^service',
      },
      FORMAT,
    ],
    handle: clusters,
  },
  {
    path: '/listeners',
    group: 'Overview',
    description: 'listeners and the addresses they are bound to',
    mutates: false,
    parameters: [FORMAT],
    async handle(source, { params }) {
      const listeners = await source.listeners();
      return params.get('format') === 'json'
        ? jsonReply(listenersJson(listeners))
        : textReply(listenersText(listeners));
    },
  },
  {
    path: '/certs',
    group: 'Overview',
    description: 'certificates in use and when they expire',
    mutates: false,
    parameters: NO_PARAMETERS,
    handle: async (source) => jsonReply(certificatesJson(await source.certificates())),
  },
  {
    path: '/memory',
    group: 'Overview',
    description: 'memory of this process',
    mutates: false,
    parameters: NO_PARAMETERS,
    handle: async (source) => jsonReply(memoryJson(await source.memory())),
  },
  {
    path: '/hot_restart_version',
    group: 'Overview',
    description: 'the version that a hot restart must share',
    mutates: false,
    parameters: NO_PARAMETERS,
    handle: (source) => textReply(source.serverInfo().hotRestartVersion),
  },
];

const statistics: readonly Endpoint[] = [
  {
    path: '/stats',
    group: 'Statistics',
    description: 'counters, gauges and histograms',
    mutates: false,
    parameters: [
      ...STATS_PARAMETERS,
      { name: 'format', description: 'How to print it', values: ['text', 'json', 'prometheus'] },
      {
        name: 'type',
        description: 'Kind of stats',
        values: ['All', 'Counters', 'Gauges', 'Histograms', 'TextReadouts'],
      },
      {
        name: 'histogram_buckets',
        description: 'What to print of histograms',
        values: ['', 'summary', 'cumulative', 'disjoint', 'detailed'],
      },
    ],
    handle: (source, { params }) => source.stats.render(params, false),
  },
  {
    path: '/stats/prometheus',
    group: 'Statistics',
    description: 'the same for Prometheus to scrape',
    mutates: false,
    parameters: [
      ...STATS_PARAMETERS,
      { name: 'histogram_buckets', description: 'What to print of histograms', values: ['', 'cumulative', 'summary'] },
    ],
    handle: (source, { params }) => source.stats.render(params, true),
  },
  {
    path: '/reset_counters',
    group: 'Statistics',
    description: 'set every counter to 0',
    mutates: true,
    parameters: NO_PARAMETERS,
    handle(source) {
      source.stats.resetCounters();
      return OK;
    },
  },
];

const configuration: readonly Endpoint[] = [
  {
    path: '/config_dump',
    group: 'Configuration',
    description: 'the configuration in use; secrets are redacted',
    mutates: false,
    parameters: [
      {
        name: 'resource',
        description: 'One repeated field, such as dynamic_listeners',
        values: 'text',
        example: 'static_clusters',
      },
      {
        name: 'mask',
        description: 'Field mask: which fields to print (of each element, with resource)',
        values: 'text',
        example: 'cluster.name',
      },
      {
        name: 'name_regex',
        description: 'Regular expression (RE2) that resource names must match',
        values: 'text',
        example: '^service',
      },
      { name: 'include_eds', description: 'With the endpoints', values: 'flag' },
    ],
    handle: configDump,
  },
  {
    path: '/init_dump',
    group: 'Configuration',
    description: 'what start-up still waits for',
    mutates: false,
    parameters: [
      {
        name: 'mask',
        description: 'Only components of this kind, such as listener',
        values: 'text',
        example: 'listener',
      },
    ],
    handle: async (source, { params }) =>
      jsonReply(unreadyTargetsJson(await source.unreadyTargets(), params.get('mask') ?? '')),
  },
  {
    path: '/runtime',
    group: 'Configuration',
    description: 'runtime values, layer by layer',
    mutates: false,
    parameters: NO_PARAMETERS,
    handle: (source) => jsonReply(runtimeJson(source.runtime)),
  },
  {
    path: '/runtime_modify',
    group: 'Configuration',
    description: 'override runtime values: ?key1=value1&key2=value2; an empty value removes the override',
    mutates: true,
    parameters: NO_PARAMETERS,
    handle: runtimeModify,
  },
  {
    path: '/logging',
    group: 'Configuration',
    description: 'show or change log levels',
    mutates: true,
    parameters: [
      { name: 'level', description: 'New level of every logger', values: ['', ...LOG_LEVELS] },
      {
        name: 'paths',
        description: 'Several loggers: name1:level1,name2:level2',
        values: 'text',
        example: 'admin:debug',
      },
    ],
    handle(source, { params }) {
      const reply = logging(source.loggers, params);
      if (reply.status === 200 && params.size > 0) source.levelsChanged();
      return reply;
    },
  },
  {
    path: '/reopen_logs',
    group: 'Configuration',
    description: 'open access logs anew, after their files were moved away',
    mutates: true,
    parameters: NO_PARAMETERS,
    handle(source) {
      source.reopenLogs();
      return OK;
    },
  },
];

const lifeCycle: readonly Endpoint[] = [
  {
    path: '/healthcheck/fail',
    group: 'Life cycle',
    description: 'answer health checks as failing',
    mutates: true,
    parameters: NO_PARAMETERS,
    handle(source) {
      source.setHealthcheckFailing(true);
      return OK;
    },
  },
  {
    path: '/healthcheck/ok',
    group: 'Life cycle',
    description: 'answer health checks as passing again',
    mutates: true,
    parameters: NO_PARAMETERS,
    handle(source) {
      source.setHealthcheckFailing(false);
      return OK;
    },
  },
  {
    path: '/drain_listeners',
    group: 'Life cycle',
    description: 'stop taking connections; requests under way finish',
    mutates: true,
    parameters: [
      { name: 'graceful', description: 'Wait for the drain time before closing', values: 'flag' },
      { name: 'inboundonly', description: 'Only inbound listeners', values: 'flag' },
      { name: 'skip_exit', description: 'Drain connections but leave listeners open', values: 'flag' },
    ],
    handle(source, { params }) {
      source.drainListeners({
        graceful: params.has('graceful'),
        inboundOnly: params.has('inboundonly'),
        skipExit: params.has('skip_exit'),
      });
      return OK;
    },
  },
  {
    path: '/quitquitquit',
    group: 'Life cycle',
    description: 'shut this proxy down',
    mutates: true,
    parameters: NO_PARAMETERS,
    handle: () => OK,
    // The reply goes first: whoever asked should hear of it.
    afterReply: (source) => source.quit(),
  },
];

/** Every endpoint but the index and the help, which are made from this list. */
export const ENDPOINTS: readonly Endpoint[] = [...overview, ...statistics, ...configuration, ...lifeCycle];

async function clusters(source: AdminSource, { params, compile }: AdminRequest): Promise<AdminReply> {
  const regex = compile(params.get('filter') ?? '');
  if (typeof regex === 'string') return textReply(`Invalid re2 regex: ${regex}`, 400);
  const wanted = (await source.clusters()).filter((cluster) => regex.test(cluster.name));
  return params.get('format') === 'json' ? jsonReply(clustersJson(wanted)) : textReply(clustersText(wanted));
}

function runtimeModify(source: AdminSource, { params }: AdminRequest): AdminReply {
  const values = new Map([...params].filter(([key]) => key !== ''));
  if (values.size === 0) {
    const usage = `usage: /runtime_modify?key1=value1&key2=value2&keyN=valueN
       or send the parameters as form values
use an empty value to remove a previously added override`;
    return textReply(usage, 400);
  }
  const refused = source.runtime.modify(values);
  return refused === undefined ? OK : textReply(`${refused}\n`, 503);
}
