import { formatFault, type Fault } from '@weft/api-envoy';
import type { Runtime } from '@weft/core-runtime';
import type { Incoming, IncomingResource } from './incoming.ts';
import { received, type Opened } from './opened-resource.ts';
import type { Told } from './sorted-response.ts';
import type { ReceivedResource } from './subscription.ts';
import type { WatchSet } from './watch-set.ts';
import type { Watch } from './watch.ts';

/** What of a response the watchers are to see. */
export interface Delivered {
  readonly kind: Incoming['kind'];
  readonly version: string;
  readonly good: readonly Opened[];
  readonly removed: readonly string[];
  /** All names in it, also of what is unchanged or faulty. */
  readonly present: ReadonlyMap<string, IncomingResource>;
  /** Those that watch a resource which is refused already. */
  readonly blamed: ReadonlySet<Watch>;
}

/** Hands each watcher its part of a response, and gathers what they find. */
export class Delivery {
  private readonly watches: WatchSet;
  private readonly runtime: Runtime;

  constructor(watches: WatchSet, runtime: Runtime) {
    this.watches = watches;
    this.runtime = runtime;
  }

  /** Gives the faults that the watchers found, by resource. */
  async deliver({ kind, version, good, removed, present, blamed }: Delivered): Promise<Map<string, Fault[]>> {
    const updates = new Map<Watch, { added: Opened[]; removed: string[] }>();
    const of = (watch: Watch): { added: Opened[]; removed: string[] } => {
      const update = updates.get(watch) ?? { added: [], removed: [] };
      updates.set(watch, update);
      return update;
    };
    // Whoever watches all is told of every response: an empty first one says that there is nothing to wait for.
    for (const watch of this.watches.always) of(watch);
    for (const resource of good) for (const watch of this.watchersOf(resource)) of(watch).added.push(resource);
    for (const name of removed)
      for (const watch of this.watches.of({ name, aliases: [] })) of(watch).removed.push(name);
    for (const [name, { aliases }] of present)
      for (const watch of this.watches.of({ name, aliases }))
        if (!updates.has(watch) && !blamed.has(watch)) watch.unchanged(version);
    for (const watch of blamed) if (!updates.has(watch)) watch.rejected();
    const faults = new Map<string, Fault[]>();
    await Promise.all(
      [...updates].map(([watch, { added, removed: gone }]) =>
        this.tell(watch, { kind, version, added, removed: gone, blamed: blamed.has(watch) }, faults),
      ),
    );
    return faults;
  }

  /** Hands one watcher its part. What it finds goes to `faults`. */
  async tell(watch: Watch, { blamed = false, ...update }: Told, faults: Map<string, Fault[]>): Promise<void> {
    const sinks = update.added.map(() => ({ faults: [] as Fault[], warnings: [] as Fault[] }));
    const added = update.added.map((opened, i) => received(opened, sinks[i]!));
    const thrown = await watch.update({ ...update, added });
    update.added.forEach(({ name, incoming }, i) => {
      const sink = sinks[i]!;
      if (thrown !== undefined) incoming.place(name, sink).error(thrown);
      const list = faults.get(name);
      if (list === undefined) faults.set(name, sink.faults);
      else
        list.push(...sink.faults.filter((fault) => !list.some((other) => formatFault(other) === formatFault(fault))));
      this.warn(sink.warnings);
    });
    const own = sinks.flatMap((sink) => sink.faults);
    if (own.length === 0 && thrown === undefined && !blamed) watch.accepted(update.version);
    else watch.rejected();
  }

  /** Nothing of the response is used; what its watchers find wrong all the same goes to the faults of each resource. */
  async judge({ kind, version }: Incoming, opened: readonly Opened[]): Promise<void> {
    const parts = new Map<Watch, ReceivedResource[]>();
    for (const resource of opened) {
      for (const watch of this.watchersOf(resource)) {
        const part = parts.get(watch) ?? [];
        parts.set(watch, part);
        part.push(received(resource, { faults: resource.faults, warnings: [] }));
      }
    }
    await Promise.all([...parts].map(([watch, added]) => watch.judge({ kind, version, added, removed: [] })));
    for (const watch of this.watches.all) watch.rejected();
  }

  private watchersOf({ name, incoming: { aliases } }: Opened): ReadonlySet<Watch> {
    return this.watches.of({ name, aliases });
  }

  private warn(warnings: readonly Fault[]): void {
    if (warnings.length === 0) return;
    const logger = this.runtime.loggers.get('config');
    for (const { file, path, message } of warnings) logger.warning(`${file}: ${path}: ${message}`);
  }
}
