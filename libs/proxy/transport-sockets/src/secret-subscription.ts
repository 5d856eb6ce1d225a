import type { Secret as SecretMessage } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import type { StatsScope } from '@weft/core-stats';
import type { ConfigSource } from '@weft/model-config-source';
import { decodeSecret, type Secret } from '@weft/model-tls';
import type { ResourceUpdate, SubscriptionFactory } from '@weft/xds-client';

/** Whoever uses a secret. Returns why it refuses it; undefined accepts. */
export interface SecretWatcher {
  onSecret(secret: Secret): string | undefined;
  /** It did not come in time: whoever waits for it waits no longer. */
  onMissing(): void;
}

/** A secret that may change. */
export interface SecretSubscription {
  close(): void;
}

/** What is wanted, and where it is counted. */
export interface SecretRequest {
  readonly name: string;
  readonly source: ConfigSource;
  /** The root of all stat names: it counts under `sds.<name>.`, as in Envoy. */
  readonly stats: StatsScope;
}

/** Watches a secret. The first one comes later than this returns. */
export function subscribeSecret(
  { name, source, stats }: SecretRequest,
  subscriptions: SubscriptionFactory,
  watcher: SecretWatcher,
): SecretSubscription {
  const subscription = subscriptions.subscribe({
    source,
    typeName: 'envoy.extensions.transport_sockets.tls.v3.Secret',
    names: [name],
    stats: stats.scope(`sds.${name}.`),
    watcher: {
      needsResource: true,
      onUpdate: (update) => Promise.resolve(take(update, watcher)),
      onFetchTimeout: () => watcher.onMissing(),
    },
  });
  void subscription.start();
  return subscription;
}

function take({ added }: ResourceUpdate, watcher: SecretWatcher): void {
  for (const { message, cx } of added) {
    const secret = decodeSecret(message as SecretMessage, cx);
    if (cx.faults.length > 0) continue;
    const refusal = secret === undefined ? 'cannot be used' : watcher.onSecret(secret);
    if (refusal !== undefined) cx.error(refusal);
  }
}
