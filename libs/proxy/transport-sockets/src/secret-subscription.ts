import type { Secret as SecretMessage } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { decodeSecret, type Secret, type SecretReference } from '@weft/model-tls';
import { FileSubscription, type ResourceUpdate } from '@weft/xds-client';
import type { TlsServices } from './tls-world.ts';

/** Whoever uses a secret. Returns why it refuses it; undefined accepts. */
export interface SecretWatcher {
  onSecret(secret: Secret): string | undefined;
}

/** A secret that may change. */
export interface SecretSubscription {
  close(): void;
}

/** Watches a secret in a file, counted under `sds.<name>.` as Envoy does. The first one comes later than this returns. */
export function subscribeSecret(
  { name, file }: SecretReference & { readonly file: NonNullable<SecretReference['file']> },
  services: TlsServices,
  watcher: SecretWatcher,
): SecretSubscription {
  const { runtime, stats } = services;
  const subscription = new FileSubscription(
    {
      path: file.path,
      ...(file.watchedDirectory === undefined ? {} : { watchedDirectory: file.watchedDirectory }),
      typeName: 'envoy.extensions.transport_sockets.tls.v3.Secret',
      names: [name],
      stats: stats.scope(`sds.${name}.`),
      runtime,
    },
    { onUpdate: (update) => Promise.resolve(take(update, watcher)) },
  );
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
