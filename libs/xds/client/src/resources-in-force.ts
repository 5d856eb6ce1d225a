import type { Any } from '@bufbuild/protobuf/wkt';
import { DecodeContext, sourceNamed, type Fault } from '@weft/api-envoy';
import { after, type Runtime, type Timer } from '@weft/core-runtime';
import { collectionOf, isXdstp } from '@weft/model-config-source';
import { placeName, type IncomingResource } from './incoming.ts';
import type { Opened } from './opened-resource.ts';
import { isNamespace } from './resource-name.ts';
import type { ResourceStatus } from './resource-status.ts';

/** A resource in force. The octets are kept, not the message: they serve whoever asks later. */
export interface Entry {
  readonly name: string;
  version: string;
  digest: string;
  any: Any;
  aliases: readonly string[];
  updatedMs: number;
  ttl: Timer | undefined;
}

export interface ResourcesInForceOptions {
  readonly typeName: string;
  readonly runtime: Runtime;
  /** Its life is over, and nobody prolonged it. */
  onExpired(entry: Entry): void;
}

/** The resources of one type that are in force, and what became of those that are not. */
export class ResourcesInForce {
  private readonly options: ResourcesInForceOptions;
  private readonly entries = new Map<string, Entry>();
  private readonly byDigest = new Map<string, Entry>();
  private readonly byAlias = new Map<string, Entry>();
  private readonly refused = new Map<string, ResourceStatus>();
  /** There are none of these, as far as the server said or was waited for. */
  private readonly missing = new Set<string>();

  constructor(options: ResourcesInForceOptions) {
    this.options = options;
  }

  get names(): Iterable<string> {
    return this.entries.keys();
  }

  get(name: string): Entry | undefined {
    return this.entries.get(name);
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  withDigest(digest: string): Entry | undefined {
    return this.byDigest.get(digest);
  }

  /** What is in force under a name: one, none, or all of a collection. */
  under(name: string): Entry[] {
    const entry = this.entries.get(name) ?? this.byAlias.get(name);
    if (entry !== undefined) return [entry];
    if (!isXdstp(name) || collectionOf(name) !== name) return [];
    return [...this.entries.values()].filter((one) => collectionOf(one.name) === name);
  }

  /** The watchers took it: from now on it is in force. */
  keep({ name, digest, incoming }: Opened): Entry {
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
    this.prolong(entry, incoming.ttlMs);
    return entry;
  }

  /** It came again as it is. `ttlMs`: how long it lives from now on. */
  prolong(entry: Entry, ttlMs: number | undefined): void {
    const { runtime, onExpired } = this.options;
    this.refused.delete(entry.name);
    entry.ttl?.cancel();
    entry.ttl = ttlMs === undefined ? undefined : after(runtime.timers, ttlMs, () => onExpired(entry));
  }

  /** What was in force under the name stays. */
  refuse({ name, faults, incoming: { any } }: Opened, version: string): void {
    const known = this.entries.get(name);
    const lastAttemptMs = this.options.runtime.clock.wallMs();
    this.refused.set(name, {
      name,
      version: known?.version ?? '',
      updatedMs: known?.updatedMs ?? 0,
      clientStatus: 'NACKED',
      error: { failedConfiguration: any!, lastAttemptMs, faults, version },
    });
  }

  drop(name: string): void {
    this.unlink(name);
    this.refused.delete(name);
  }

  /** There is none of the name. */
  miss(name: string): void {
    this.missing.add(name);
  }

  /** The server takes it back: that it was refused is over. */
  forgetRefusal(name: string): void {
    this.refused.delete(name);
  }

  /** Nobody asks for it any more. */
  forget(name: string): void {
    this.refused.delete(name);
    this.missing.delete(name);
  }

  /** As if it came just now. */
  reopen({ name, digest, any, aliases, version }: Entry): Opened {
    const { typeName } = this.options;
    const place: IncomingResource['place'] = (at, sink) =>
      new DecodeContext(sourceNamed(placeName(typeName, at)), sink);
    const sink = { faults: [] as Fault[], warnings: [] };
    const message = place(name, sink).unpack(any, typeName)!;
    return { incoming: { name, aliases, version, any, ttlMs: undefined, place }, name, digest, message, faults: [] };
  }

  /** Name and version of each: what a delta client tells a server that it meets again. */
  versions(): Record<string, string> {
    const versions: Record<string, string> = {};
    for (const { name, version } of this.entries.values()) versions[name] = version;
    return versions;
  }

  /** For dumps. `asked`: the names that somebody asks for. */
  status(asked: Iterable<string>): ResourceStatus[] {
    const list: ResourceStatus[] = [];
    for (const { name, version, updatedMs } of this.entries.values())
      list.push(this.refused.get(name) ?? { name, version, updatedMs, clientStatus: 'ACKED', error: undefined });
    for (const status of this.refused.values()) if (!this.entries.has(status.name)) list.push(status);
    for (const name of asked) {
      if (this.entries.has(name) || this.refused.has(name) || isNamespace(this.options.typeName, name)) continue;
      const clientStatus = this.missing.has(name) ? 'DOES_NOT_EXIST' : 'REQUESTED';
      list.push({ name, version: '', updatedMs: 0, clientStatus, error: undefined });
    }
    return list;
  }

  close(): void {
    for (const { ttl } of this.entries.values()) ttl?.cancel();
  }

  private unlink(name: string): void {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    entry.ttl?.cancel();
    this.entries.delete(name);
    this.byDigest.delete(entry.digest);
    for (const alias of entry.aliases) if (this.byAlias.get(alias) === entry) this.byAlias.delete(alias);
  }
}
