import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type {
  RedisProxy,
  RedisProxy_PrefixRoutes_Route,
} from '@weft/api-envoy/gen/envoy/extensions/filters/network/redis_proxy/v3/redis_proxy_pb';
import { durationMs } from '@weft/model-policy';
import { decodeDataSource } from '../data-source.decode.ts';
import { isKnownCommand } from './commands.ts';

const REDIS_PROXY = 'envoy.extensions.filters.network.redis_proxy.v3.RedisProxy';

/** Where keys with a prefix go. */
export interface RedisRoute {
  readonly prefix: string;
  readonly removePrefix: boolean;
  readonly cluster: string;
}

/** A redis_proxy, decoded. Source: RedisProxy v3. */
export interface RedisProxyConfig {
  readonly statPrefix: string;
  /** How long a connection to a host waits for its next reply, or to be there. */
  readonly opTimeoutMs: number;
  /** Only what stands in a key's first braces decides where it goes. */
  readonly hashtagging: boolean;
  /** Stats of each cluster by command. */
  readonly commandStats: boolean;
  /** Commands are collected up to so many bytes, or for so long; 0: for the turn of the event loop. */
  readonly maxBufferBytes: number;
  readonly bufferFlushTimeoutMs: number;
  readonly latencyInMicros: boolean;
  /** The longest prefix wins. */
  readonly routes: readonly RedisRoute[];
  readonly caseInsensitive: boolean;
  readonly catchAll: RedisRoute | undefined;
  readonly username: string;
  /** Any of them. With none and no user name there is nothing to authenticate. */
  readonly passwords: readonly string[];
  /** In lower case; each goes where its first argument does. */
  readonly customCommands: readonly string[];
  /** The version of the protocol, to clients and to hosts. */
  readonly protocol: 2 | 3;
}

/** What is read here; the rest of the message is reported by name. */
export const supported: FieldSupport = {
  [REDIS_PROXY]: [
    'stat_prefix', 'settings', 'latency_in_micros', 'prefix_routes', 'downstream_auth_password', 'downstream_auth_passwords',
    'downstream_auth_username', 'custom_commands', 'protocol_version',
  ],
  [`${REDIS_PROXY}.ConnPoolSettings`]: [
    'op_timeout', 'enable_hashtagging', 'max_buffer_size_before_flush', 'buffer_flush_timeout', 'enable_command_stats',
  ],
  [`${REDIS_PROXY}.PrefixRoutes`]: ['routes', 'case_insensitive', 'catch_all_route'],
  [`${REDIS_PROXY}.PrefixRoutes.Route`]: ['prefix', 'remove_prefix', 'cluster'],
  'envoy.config.core.v3.DataSource': ['filename', 'inline_bytes', 'inline_string'],
}; // prettier-ignore

const DEFAULT_FLUSH_MS = 3;

export function decodeRedisProxy(message: RedisProxy, cx: DecodeContext): RedisProxyConfig | undefined {
  const before = cx.faults.length;
  const { settings, prefixRoutes } = message;
  if (settings?.opTimeout === undefined)
    cx.at('settings', 'op_timeout').error('is missing', { expected: 'a duration' });
  const routesAt = cx.at('prefix_routes');
  const routes = (prefixRoutes?.routes ?? []).map((route, i) => decodeRoute(route, routesAt.at('routes', i)));
  const caseInsensitive = prefixRoutes?.caseInsensitive ?? false;
  rejectTwins(routes, caseInsensitive, routesAt.at('routes'));
  const { catchAllRoute } = prefixRoutes ?? {};
  const catchAll = catchAllRoute && decodeRoute(catchAllRoute, routesAt.at('catch_all_route'));
  if (catchAll === undefined && routes.length === 0)
    routesAt.error('has no route', { expected: 'routes, or a catch_all_route' });
  const config: RedisProxyConfig = {
    statPrefix: message.statPrefix,
    opTimeoutMs: durationMs(settings?.opTimeout, 0),
    hashtagging: settings?.enableHashtagging ?? false,
    commandStats: settings?.enableCommandStats ?? false,
    maxBufferBytes: settings?.maxBufferSizeBeforeFlush ?? 0,
    bufferFlushTimeoutMs: durationMs(settings?.bufferFlushTimeout, DEFAULT_FLUSH_MS),
    latencyInMicros: message.latencyInMicros,
    routes,
    caseInsensitive,
    catchAll,
    username: text(message.downstreamAuthUsername, cx.at('downstream_auth_username')),
    passwords: [
      text(message.downstreamAuthPassword, cx.at('downstream_auth_password')),
      ...message.downstreamAuthPasswords.map((source, i) => text(source, cx.at('downstream_auth_passwords', i))),
    ].filter((password) => password !== ''),
    customCommands: decodeCustomCommands(message.customCommands, cx.at('custom_commands')),
    protocol: message.protocolVersion === 1 ? 3 : 2,
  };
  return cx.faults.length > before ? undefined : config;
}

function decodeRoute(message: RedisProxy_PrefixRoutes_Route, cx: DecodeContext): RedisRoute {
  // It would store under other keys than the ones asked for.
  if (message.keyFormatter !== '') cx.at('key_formatter').later('', { expected: 'remove_prefix' });
  return { prefix: message.prefix, removePrefix: message.removePrefix, cluster: message.cluster };
}

function rejectTwins(routes: readonly RedisRoute[], caseInsensitive: boolean, cx: DecodeContext): void {
  const seen = new Set<string>();
  routes.forEach(({ prefix }, i) => {
    const key = caseInsensitive ? prefix.toLowerCase() : prefix;
    if (seen.has(key)) cx.at(i, 'prefix').error(`prefix \`${prefix}\` already exists.`);
    seen.add(key);
  });
}

function decodeCustomCommands(names: readonly string[], cx: DecodeContext): string[] {
  return names.map((name, i) => {
    const command = name.toLowerCase();
    if (isKnownCommand(command)) cx.at(i).error(`"${name}" is a command that redis_proxy knows already`);
    return command;
  });
}

function text(source: RedisProxy['downstreamAuthPassword'], cx: DecodeContext): string {
  return decodeDataSource(source, cx)?.toString() ?? '';
}
