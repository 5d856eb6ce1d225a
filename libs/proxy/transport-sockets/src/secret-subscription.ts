import type { Fault } from '@weft/api-envoy';
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
      stats: stats.scope(`sds.${name}.`),
      runtime,
    },
    { onUpdate: (update) => Promise.resolve(take(name, file.path, update, watcher)) },
  );
  void subscription.start();
  return subscription;
}

function take(name: string, path: string, update: ResourceUpdate, watcher: SecretWatcher): readonly Fault[] {
  const found = update.resources.find(({ message }) => (message as SecretMessage).name === name);
  if (found === undefined) return [{ path: 'resources', file: path, message: `there is no secret "${name}"` }];
  const before = found.cx.faults.length;
  const secret = decodeSecret(found.message as SecretMessage, found.cx);
  const faults = found.cx.faults.slice(before);
  if (secret === undefined)
    return faults.length > 0 ? faults : [{ path: 'resources', file: path, message: 'cannot be used' }];
  const refusal = watcher.onSecret(secret);
  return refusal === undefined ? [] : [{ path: found.cx.path, file: path, message: refusal }];
}
