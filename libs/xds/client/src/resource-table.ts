import type { Any } from '@bufbuild/protobuf/wkt';
import { DecodeContext, formatFault, sourceNamed, validateMessage, type Fault } from '@weft/api-envoy';
import { after, type Runtime, type Timer } from '@weft/core-runtime';
import { collectionOf, isXdstp, normalizeName } from '@weft/model-config-source';
import { namesTwice, placeName, type Incoming, type IncomingResource } from './incoming.ts';
import { digestOf, received, type Opened } from './opened-resource.ts';
import { isNamespace, namespaceOf, resourceName } from './resource-name.ts';
import type { ResourceStatus } from './resource-status.ts';
import { nothingSorted, type Sorted, type Told } from './sorted-response.ts';
import type { ReceivedResource } from './subscription.ts';
import type { Watch } from './watch.ts';

export interface ResourceTableOptions {
  readonly typeName: string;
  readonly runtime: Runtime;
  /** A resource that is missing in a full response is removed. */
  readonly absenceRemoves: boolean;
  /**
   * The server was asked for the name, and does not know yet that nobody wants it any more: it would not send the resource again to
   * whoever asks next. `'*'` is all names. Default: no name is.
   */
  readonly asked?: (name: string) => boolean;
}

/** A resource in force. The octets are kept, not the message: they serve whoever asks later. */
interface Entry {
  readonly name: string;
  version: string;
  digest: string;
  any: Any;
  aliases: readonly string[];
  updatedMs: number;
  ttl: Timer | undefined;
}

/**
 * The resources of one type from one source, and who watches them. Both protocols, files and polling end here: what is the
 * same as before is dropped unread, the rest is opened, checked, handed to its watchers, and kept if they took it.
 */
export class ResourceTable {
  readonly typeName: string;
  private readonly options: ResourceTableOptions;
  private readonly entries = new Map<string, Entry>();
  private readonly byDigest = new Map<string, Entry>();
  private readonly byAlias = new Map<string, Entry>();
  private readonly refused = new Map<string, ResourceStatus>();
  private readonly missing = new Set<string>();
  private readonly watches = new Set<Watch>();
  private readonly wildcards = new Set<Watch>();
  /** Those that are told of every response: whoever watches all, and whoever wants to know that there was nothing for it. */
  private readonly always = new Set<Watch>();
  private readonly byName = new Map<string, Set<Watch>>();
  private version = '';
  /** Who is to be told next what is in force already, and of which names. */
  private readonly replays = new Map<Watch, Set<string>>();
  /** The update under way; the next waits for it. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(options: ResourceTableOptions) {
    this.options = options;
    this.typeName = options.typeName;
  }

  add(watch: Watch): void {
    this.watches.add(watch);
    if (watch.names === 'wildcard' || watch.always) this.always.add(watch);
    if (watch.names === 'wildcard') this.wildcards.add(watch);
    else for (const name of watch.names) this.join(name, watch);
    this.replay(watch, watch.names === 'wildcard' ? [...this.entries.keys()] : [...watch.names]);
  }

  remove(watch: Watch): void {
    this.watches.delete(watch);
    this.wildcards.delete(watch);
    this.always.delete(watch);
    if (watch.names !== 'wildcard') for (const name of watch.names) this.leave(name, watch);
    if (this.wildcards.size === 0) for (const name of this.entries.keys()) this.forgetUnwatched(name);
  }

  setNames(watch: Watch, names: ReadonlySet<string>): void {
    const old = watch.names === 'wildcard' ? new Set<string>() : watch.names;
    watch.names = names;
    this.wildcards.delete(watch);
    if (!watch.always) this.always.delete(watch);
    const fresh = [...names].filter((name) => !old.has(name));
    for (const name of fresh) this.join(name, watch);
    for (const name of old) if (!names.has(name)) this.leave(name, watch);
    this.replay(watch, fresh);
  }

  /** The server knows now that nobody wants these. */
  release(names: Iterable<string>): void {
    for (const name of names) {
      if (name !== '*') this.forgetUnwatched(name);
      else for (const one of this.entries.keys()) this.forgetUnwatched(one);
    }
  }

  get wildcard(): boolean {
    return this.wildcards.size > 0;
  }
  /** The names that somebody asks for. */
  get names(): Iterable<string> {
    return this.byName.keys();
  }
  get empty(): boolean {
    return this.watches.size === 0;
  }
  get all(): Iterable<Watch> {
    return this.watches;
  }

  /** Name and version of each resource in force: what a delta client tells a server that it meets again. */
  versions(): Record<string, string> {
    const versions: Record<string, string> = {};
    for (const { name, version } of this.entries.values()) versions[name] = version;
    return versions;
  }

  /** For dumps. */
  status(): ResourceStatus[] {
    const list: ResourceStatus[] = [];
    for (const { name, version, updatedMs } of this.entries.values())
      list.push(this.refused.get(name) ?? { name, version, updatedMs, clientStatus: 'ACKED', error: undefined });
    for (const status of this.refused.values()) if (!this.entries.has(status.name)) list.push(status);
    for (const name of this.byName.keys()) {
      if (this.entries.has(name) || this.refused.has(name) || isNamespace(this.typeName, name)) continue;
      const clientStatus = this.missing.has(name) ? 'DOES_NOT_EXIST' : 'REQUESTED';
      list.push({ name, version: '', updatedMs: 0, clientStatus, error: undefined });
    }
    return list;
  }

  /** A watcher waited in vain for the first of its resources. */
  timedOut(watch: Watch): void {
    if (watch.names === 'wildcard') return;
    for (const name of watch.names) if (!this.entries.has(name)) this.missing.add(name);
  }

  /** Gives every fault; none accepts (ACK). */
  take(incoming: Incoming): Promise<readonly Fault[]> {
    // A fault of ours must neither go unanswered nor end the subscription.
    const taken = this.turn.then(() => this.apply(incoming)).catch(thrown);
    this.turn = taken;
    return taken;
  }

  close(): void {
    for (const { ttl } of this.entries.values()) ttl?.cancel();
    this.watches.clear();
    this.wildcards.clear();
    this.byName.clear();
  }

  private async apply(incoming: Incoming): Promise<readonly Fault[]> {
    const twice = incoming.kind === 'incremental' ? namesTwice(incoming) : [];
    if (twice.length > 0) return await this.refuseAll(incoming, { ...nothingSorted(), faults: twice });
    const sorted = this.sort(incoming);
    const { opened, present, faults, twins, blamed } = sorted;
    const bad = opened.some((resource) => resource.faults.length > 0) || faults.length > 0;
    if (bad && incoming.kind === 'full') return await this.refuseAll(incoming, sorted);
    faults.push(...twins);
    const good = opened.filter((resource) => resource.faults.length === 0);
    for (const resource of opened) if (resource.faults.length > 0) faults.push(...this.refuse(resource, incoming));
    const removed = this.removedBy(incoming, present);
    const { kind, version } = incoming;
    const taken = await this.deliver({ kind, version, good, removed, present, blamed });
    for (const resource of good) {
      const wrong = taken.get(resource.name) ?? [];
      if (wrong.length === 0) this.keep(resource);
      else {
        resource.faults.push(...wrong);
        faults.push(...this.refuse(resource, incoming));
      }
    }
    for (const name of removed) this.drop(name);
    for (const name of incoming.removed) this.refused.delete(name);
    if (faults.length === 0) this.version = incoming.version;
    return faults;
  }

  private sort({ resources, kind }: Incoming): Sorted {
    const sorted = nothingSorted();
    for (const incoming of resources) {
      const { any } = incoming;
      const digest = any === undefined ? '' : digestOf(any);
      // Twice the same in one response is a fault, which the second of them meets below.
      const known = incoming.name === '' ? this.byDigest.get(digest) : this.entries.get(incoming.name);
      const same = known !== undefined && (any === undefined || known.digest === digest);
      if (same && !sorted.present.has(known.name)) {
        sorted.present.set(known.name, incoming);
        this.refused.delete(known.name);
        if (any !== undefined && kind === 'incremental') known.version = incoming.version;
        this.live(known, incoming.ttlMs);
      } else if (any !== undefined) this.open({ incoming, any, digest, kind }, sorted);
    }
    return sorted;
  }

  private open(
    { incoming, any, digest, kind }: { incoming: IncomingResource; any: Any; digest: string; kind: Incoming['kind'] },
    { opened, present, faults, twins, blamed }: Sorted,
  ): void {
    // Incremental responses name their resources outside: what nobody asked for is not even opened.
    if (kind === 'incremental' && !this.wanted(incoming)) return;
    const sink = { faults: [] as Fault[], warnings: [] };
    const cx = incoming.place(incoming.name, sink);
    const message = cx.unpack(any, this.typeName);
    if (message === undefined) {
      faults.push(...sink.faults);
      for (const watch of this.watchersOf(incoming.name, incoming.aliases)) blamed.add(watch);
      return;
    }
    const name = normalizeName(incoming.name || resourceName(message) || `unnamed ${digest}`);
    const named = incoming.place(name, sink);
    validateMessage(message, named);
    if (sink.faults.length > 0) for (const watch of this.watchersOf(name, incoming.aliases)) blamed.add(watch);
    if (present.has(name) && sink.faults.length === 0) {
      named.error(`there are two resources named "${name}"`, { expected: 'each name once' });
      twins.push(...sink.faults);
      return;
    }
    present.set(name, incoming);
    const { $typeName, typeUrl, value } = any;
    // A copy: the octets of a whole response must not live on for one resource of it.
    const own = { ...incoming, any: { $typeName, typeUrl, value: value.slice() } };
    opened.push({ incoming: own, name, digest, message, faults: sink.faults });
  }

  private wanted({ name, aliases }: Pick<IncomingResource, 'name' | 'aliases'>): boolean {
    if (this.wildcards.size > 0 || this.byName.has(name)) return true;
    const { asked } = this.options;
    if (asked?.('*') === true || asked?.(name) === true) return true;
    return this.otherNames(name, aliases).some((other) => this.byName.has(other) || asked?.(other) === true);
  }

  private removedBy({ kind, removed: said, resources }: Incoming, present: ReadonlyMap<string, unknown>): string[] {
    if (kind === 'incremental') {
      // A resource without a body that is not there to be kept alive: VHDS says so that there is none of the name.
      const empty = resources.filter(({ name, any }) => any === undefined && !this.entries.has(name));
      const removed = [...said, ...empty.flatMap(({ name, aliases }) => [name, ...aliases])];
      for (const name of removed) if (this.byName.has(name)) this.missing.add(name);
      return removed.filter((name) => this.entries.has(name) || this.byName.has(name));
    }
    if (!this.options.absenceRemoves) return [];
    for (const name of this.byName.keys()) if (!present.has(name)) this.missing.add(name);
    return [...this.entries.keys()].filter((name) => !present.has(name));
  }

  /** Hands each watcher its part. Gives the faults that they found, by resource. */
  private async deliver(part: {
    readonly kind: Incoming['kind'];
    readonly version: string;
    readonly good: readonly Opened[];
    readonly removed: readonly string[];
    readonly present: ReadonlyMap<string, IncomingResource>;
    readonly blamed: ReadonlySet<Watch>;
  }): Promise<Map<string, Fault[]>> {
    const { kind, version, good, removed, present, blamed } = part;
    const updates = new Map<Watch, { added: Opened[]; removed: string[] }>();
    const of = (watch: Watch): { added: Opened[]; removed: string[] } => {
      const update = updates.get(watch) ?? { added: [], removed: [] };
      updates.set(watch, update);
      return update;
    };
    // Whoever watches all is told of every response: an empty first one says that there is nothing to wait for.
    for (const watch of this.always) of(watch);
    for (const resource of good)
      for (const watch of this.watchersOf(resource.name, resource.incoming.aliases)) of(watch).added.push(resource);
    for (const name of removed) for (const watch of this.watchersOf(name, [])) of(watch).removed.push(name);
    for (const [name, { aliases }] of present)
      for (const watch of this.watchersOf(name, aliases))
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

  private async tell(watch: Watch, { blamed = false, ...update }: Told, faults: Map<string, Fault[]>): Promise<void> {
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

  /** State of the world, and something breaks the form: nothing of the response is used. What else is wrong is told as well. */
  private async refuseAll(incoming: Incoming, { opened, faults, twins }: Sorted): Promise<readonly Fault[]> {
    const parts = new Map<Watch, ReceivedResource[]>();
    for (const resource of opened) {
      const { faults: found, name, incoming: of } = resource;
      for (const watch of this.watchersOf(name, of.aliases)) {
        const part = parts.get(watch) ?? [];
        parts.set(watch, part);
        part.push(received(resource, { faults: found, warnings: [] }));
      }
    }
    const { kind, version } = incoming;
    await Promise.all([...parts].map(([watch, added]) => watch.judge({ kind, version, added, removed: [] })));
    for (const watch of this.watches) watch.rejected();
    for (const resource of opened) if (resource.faults.length > 0) faults.push(...this.refuse(resource, incoming));
    faults.push(...twins);
    return faults;
  }

  private refuse({ name, faults, incoming: { any } }: Opened, { version }: Incoming): readonly Fault[] {
    const known = this.entries.get(name);
    this.refused.set(name, {
      name,
      version: known?.version ?? '',
      updatedMs: known?.updatedMs ?? 0,
      clientStatus: 'NACKED',
      error: { failedConfiguration: any!, lastAttemptMs: this.options.runtime.clock.wallMs(), faults, version },
    });
    return faults;
  }

  private keep({ name, digest, incoming }: Opened): void {
    this.unlink(name);
    const entry: Entry = {
      name,
      version: incoming.version,
      digest,
      any: incoming.any!,
      aliases: incoming.aliases,
      updatedMs: this.options.runtime.clock.wallMs(),
      ttl: undefined,
    };
    this.entries.set(name, entry);
    this.byDigest.set(digest, entry);
    this.refused.delete(name);
    this.missing.delete(name);
    for (const alias of incoming.aliases) {
      this.missing.delete(alias);
      this.byAlias.set(alias, entry);
    }
    this.live(entry, incoming.ttlMs);
    if (!this.wanted(entry)) this.drop(name);
  }

  private live(entry: Entry, ttlMs: number | undefined): void {
    entry.ttl?.cancel();
    entry.ttl = ttlMs === undefined ? undefined : after(this.options.runtime.timers, ttlMs, () => this.expire(entry));
  }

  private expire(entry: Entry): void {
    const gone: Incoming = { kind: 'incremental', version: this.version, resources: [], removed: [entry.name] };
    this.turn = this.turn
      .then(() => (this.entries.get(entry.name) === entry ? this.apply(gone) : undefined))
      .catch(thrown);
  }

  /** What is in force already reaches a watcher that comes later: the server has no reason to send it again. */
  private replay(watch: Watch, names: readonly string[]): void {
    if (!names.some((name) => this.entriesOf(name).length > 0)) return;
    // Watchers that come in one go do not wait for each other.
    if (this.replays.size === 0) this.turn = this.turn.then(() => this.replayAll()).catch(thrown);
    this.replays.set(watch, new Set([...(this.replays.get(watch) ?? []), ...names]));
  }

  private async replayAll(): Promise<void> {
    const replays = [...this.replays].filter(([watch]) => this.watches.has(watch));
    this.replays.clear();
    const told = replays.map(async ([watch, names]) => {
      const added = [...new Set([...names].flatMap((name) => this.entriesOf(name)))].map((entry) => this.reopen(entry));
      const update = { kind: 'incremental', version: this.version, added, removed: [] } as const;
      if (added.length > 0) await this.tell(watch, update, new Map());
    });
    await Promise.all(told);
  }

  /** What is in force under a name: one, none, or all of a collection. */
  private entriesOf(name: string): Entry[] {
    const entry = this.entries.get(name) ?? this.byAlias.get(name);
    if (entry !== undefined) return [entry];
    if (!isXdstp(name) || collectionOf(name) !== name) return [];
    return [...this.entries.values()].filter((one) => collectionOf(one.name) === name);
  }

  private reopen({ name, digest, any, aliases, version }: Entry): Opened {
    const place: IncomingResource['place'] = (at, sink) =>
      new DecodeContext(sourceNamed(placeName(this.typeName, at)), sink);
    const sink = { faults: [] as Fault[], warnings: [] };
    const message = place(name, sink).unpack(any, this.typeName)!;
    return { incoming: { name, aliases, version, any, ttlMs: undefined, place }, name, digest, message, faults: [] };
  }

  private watchersOf(name: string, aliases: readonly string[]): Set<Watch> {
    const direct = this.byName.get(name);
    const others = this.otherNames(name, aliases);
    if (this.wildcards.size === 0 && others.length === 0) return direct ?? new Set();
    const found = new Set([...this.wildcards, ...(direct ?? [])]);
    for (const other of others) for (const watch of this.byName.get(other) ?? []) found.add(watch);
    return found;
  }

  /** What else a resource may have been asked for by: its aliases, the way in which its name is written, its collection. */
  private otherNames(name: string, aliases: readonly string[]): readonly string[] {
    const namespace = namespaceOf(this.typeName, name);
    if (namespace !== undefined) return [...aliases, namespace];
    if (!isXdstp(name)) return aliases;
    return [...aliases, normalizeName(name), collectionOf(name) ?? name];
  }

  private join(name: string, watch: Watch): void {
    const set = this.byName.get(name) ?? new Set();
    set.add(watch);
    this.byName.set(name, set);
  }

  private leave(name: string, watch: Watch): void {
    const set = this.byName.get(name);
    set?.delete(watch);
    if (set?.size === 0) this.byName.delete(name);
    this.forgetUnwatched(name);
  }

  private forgetUnwatched(name: string): void {
    for (const entry of this.entriesOf(name)) if (!this.wanted(entry)) this.drop(entry.name);
    if (this.wanted({ name, aliases: [] })) return;
    this.refused.delete(name);
    this.missing.delete(name);
  }

  private drop(name: string): void {
    this.unlink(name);
    this.refused.delete(name);
  }

  private unlink(name: string): void {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    entry.ttl?.cancel();
    this.entries.delete(name);
    this.byDigest.delete(entry.digest);
    for (const alias of entry.aliases) if (this.byAlias.get(alias) === entry) this.byAlias.delete(alias);
  }

  private warn(warnings: readonly Fault[]): void {
    if (warnings.length === 0) return;
    const logger = this.options.runtime.loggers.get('config');
    for (const { file, path, message } of warnings) logger.warning(`${file}: ${path}: ${message}`);
  }
}

function thrown(error: unknown): readonly Fault[] {
  return [{ path: '', file: '', message: `cannot be taken: ${(error as Error).message}` }];
}
