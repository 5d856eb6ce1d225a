import { configToJson } from '@weft/api-envoy';
import type { UnreadyTargets } from '@weft/observe-admin';
import type { WarmingListener } from '@weft/proxy-listeners';
import { createHash } from 'node:crypto';

/** Who is still waited for. */
export interface AwaitedResources {
  readonly routes: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
  /** Filters that come by ECDS. */
  readonly filters: ReadonlySet<string>;
}

/** What each warming listener waits for, in the words of Envoy's /init_dump. */
export function unreadyListeners(listeners: readonly WarmingListener[], awaited: AwaitedResources): UnreadyTargets[] {
  return listeners.map(({ message, bytes }) => {
    const targets = new Set<string>();
    find(configToJson(message), awaited, targets);
    const hash = createHash('sha256').update(bytes).digest().readBigUInt64BE();
    return {
      component: 'listener',
      name: `init manager Listener-local-init-manager ${message.name} ${hash}`,
      targetNames: [...targets],
    };
  });
}

type Fields = Readonly<Record<string, unknown>>;

function find(value: unknown, awaited: AwaitedResources, found: Set<string>): void {
  if (value === null || typeof value !== 'object') return;
  for (const [key, inner] of Object.entries(value as Fields)) {
    if (inner === null || typeof inner !== 'object') continue;
    const { route_config_name: routes, name, sds_config: sds, config_discovery: discovered } = inner as Fields;
    if (key === 'rds' && typeof routes === 'string' && awaited.routes.has(routes))
      found.add(`shared target RdsRouteConfigSubscription RDS init ${routes}`);
    if (sds !== undefined && awaited.secrets.has(String(name))) found.add(`shared target SdsApi ${String(name)}`);
    if (discovered !== undefined && awaited.filters.has(String(name)))
      found.add(`shared target FilterConfigSubscription init ${String(name)}`);
    find(inner, awaited, found);
  }
}
