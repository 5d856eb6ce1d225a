import type { Runtime } from '@weft/core-runtime';
import { FileSubscription } from './file-subscription.ts';
import type { SubscriptionFactory, SubscriptionRequest } from './subscription-factory.ts';
import type { Subscription } from './subscription.ts';

/** Has resources from files and from nowhere else: enough where no control plane is configured. */
export class FileSubscriptions implements SubscriptionFactory {
  private readonly runtime: Runtime;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  /** @throws Error for a source that is no file */
  subscribe({ source, typeName, names, stats, watcher }: SubscriptionRequest): Subscription {
    if (source.kind !== 'file') throw new Error(`a ${source.kind} source of ${typeName} needs a control plane`);
    const { path, watchedDirectory, initialFetchTimeoutMs } = source;
    const options = {
      path,
      ...(watchedDirectory === undefined ? {} : { watchedDirectory }),
      typeName,
      ...(names === 'wildcard' ? {} : { names }),
      initialFetchTimeoutMs,
      stats,
      runtime: this.runtime,
    };
    return new FileSubscription(options, watcher);
  }
}
