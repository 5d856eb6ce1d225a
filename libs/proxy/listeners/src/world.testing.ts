import { createRuntime, type Runtime } from '@weft/core-runtime';
import { createNullScope } from '@weft/core-stats';
import type { ServerContext } from '@weft/proxy-filter-api';
import type { ListenerExtensionFactories } from './listener-extensions.ts';
import { ListenerManager } from './listener-manager.ts';

/** What a test says of its world; the rest is empty. */
export interface WorldOptions extends Partial<ListenerExtensionFactories> {
  readonly runtime?: Runtime;
  readonly flags?: Readonly<Record<string, number>>;
  readonly server?: Partial<ServerContext>;
}

/** A listener manager with the given extensions, whose stats a test can read. */
export function createWorld(options: WorldOptions = {}) {
  const { runtime = createRuntime('off', () => undefined), flags = {}, server, ...factories } = options;
  const stats = createNullScope();
  const context: ServerContext = {
    runtime,
    flags: {
      get: (key) => (flags[key] === undefined ? undefined : String(flags[key])),
      integer: (key, otherwise) => flags[key] ?? otherwise,
      boolean: (_key, otherwise) => otherwise,
      enabled: () => false,
    },
    clusters: { get: () => undefined },
    stats,
    node: { id: '', cluster: '', zone: '' },
    draining: false,
    routes: () => ({ table: undefined, close: () => undefined }),
    ...server,
  };
  const manager = new ListenerManager(
    context,
    {
      networkFilters: [],
      readFilters: [],
      listenerFilters: [],
      udpFilters: [],
      transportSockets: [],
      decodeAccessLogs: () => [],
      createAccessLogs: () => [],
      ...factories,
    },
    1000,
  );
  return {
    manager,
    stats,
    gauge: (name: string) => stats.gauge(`listener_manager.${name}`).value,
    count: (name: string) => stats.counter(`listener_manager.${name}`).value,
  };
}
