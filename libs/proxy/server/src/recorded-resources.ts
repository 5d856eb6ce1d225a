import type { Message } from '@bufbuild/protobuf';
import type { Clock } from '@weft/core-runtime';
import type {
  ResourceUpdate,
  ResourceWatcher,
  Subscription,
  SubscriptionFactory,
  SubscriptionRequest,
} from '@weft/xds-client';

/** One resource that somebody asks for by name, as dumps show it. */
export interface RecordedResource {
  readonly name: string;
  /** The one in force; undefined: it is still waited for. */
  readonly message: Message | undefined;
  readonly version: string;
  readonly updatedMs: number;
  /** Its first answer is still waited for. */
  readonly pending: boolean;
}

/** A way to resources that remembers what came of them, as long as anybody uses them: whoever watches them keeps no messages. */
export class RecordedResources implements SubscriptionFactory {
  private readonly inner: SubscriptionFactory;
  private readonly clock: Clock;
  private readonly records = new Set<Recorder>();

  constructor(inner: SubscriptionFactory, clock: Clock) {
    this.inner = inner;
    this.clock = clock;
  }

  subscribe(request: SubscriptionRequest): Subscription {
    const recorder = new Recorder(request, this.clock);
    const subscription = this.inner.subscribe({ ...request, watcher: recorder });
    return {
      start: () => {
        this.records.add(recorder);
        return subscription.start().finally(() => (recorder.pending = false));
      },
      close: () => {
        this.records.delete(recorder);
        subscription.close();
      },
    };
  }

  /** Each name once, in the order in which they were asked for. */
  of(typeName: string): RecordedResource[] {
    const found = new Map<string, RecordedResource>();
    for (const recorder of this.records) {
      if (recorder.typeName !== typeName) continue;
      const known = found.get(recorder.name);
      if (known?.message === undefined) found.set(recorder.name, recorder);
    }
    return [...found.values()];
  }
}

class Recorder implements ResourceWatcher, RecordedResource {
  readonly typeName: string;
  readonly name: string;
  readonly needsResource: boolean;
  message: Message | undefined;
  version = '';
  updatedMs = 0;
  pending = true;
  private readonly watcher: ResourceWatcher;
  private readonly clock: Clock;

  constructor({ typeName, names, watcher }: SubscriptionRequest, clock: Clock) {
    this.typeName = typeName;
    this.name = names === 'wildcard' ? '*' : (names[0] ?? '');
    this.watcher = watcher;
    this.needsResource = watcher.needsResource ?? false;
    this.clock = clock;
  }

  async onUpdate(update: ResourceUpdate): Promise<void> {
    await this.watcher.onUpdate(update);
    for (const { message, version, cx } of update.added) {
      if (cx.faults.length > 0) continue;
      this.message = message;
      this.version = version;
      this.updatedMs = this.clock.wallMs();
    }
  }

  async judge(update: ResourceUpdate): Promise<void> {
    await this.watcher.judge?.(update);
  }

  onFetchTimeout(): void {
    this.pending = false;
    this.watcher.onFetchTimeout?.();
  }
}
