import type { Message } from '@bufbuild/protobuf';
import { faultsAhead, faultsOf, mend, type PartFault, type ResourceFault } from '@weft/control-translate';
import { encodeResource, type Resource } from '@weft/xds-server';

/** What became of one translated message: a resource that proxies take, and what they would have refused in it. */
export interface Guarded {
  readonly typeUrl: string;
  readonly name: string;
  /** Undefined: nothing of it is left. */
  readonly resource: Resource | undefined;
  readonly faults: readonly ResourceFault[];
  /** What it was before is better than `resource`, where it was something. */
  readonly yields: boolean;
}

/** One part of a resource that proxies are not told as the documents say. */
export interface Withheld extends ResourceFault {
  readonly typeUrl: string;
  readonly name: string;
}

/** Finds the resource that was there before. */
export type Before = (typeUrl: string, name: string) => Resource | undefined;

const SOUND_KEPT = 100_000;

/**
 * Looks at what translation made before proxies are told of it: messages that are shared between proxies are encoded and checked
 * once, and equal ones checked once.
 */
export class ResourceGuard {
  private readonly known = new WeakMap<Message, Guarded>();
  /** What was made in place of resources that are at fault. */
  private readonly substitutes = new WeakSet<Resource>();
  /** Versions in which nothing was found. A version says what is in a resource, so that nothing here can be out of date. */
  private sound = new Set<string>();

  /** Never throws. */
  look(message: Message): Guarded {
    let found = this.known.get(message);
    if (found === undefined) this.known.set(message, (found = this.examine(message)));
    return found;
  }

  lookAt(messages: readonly Message[]): Guarded[] {
    return messages.map((message) => this.look(message));
  }

  /** `look`, step by step. */
  *ahead(messages: readonly Message[]): Generator<void> {
    for (const message of messages) {
      if (this.known.has(message)) continue;
      yield* faultsAhead(message);
      this.look(message);
      yield;
    }
  }

  /**
   * What proxies are told: of what is at fault as it was before where that is better and what it names is still there, else what
   * is left of it.
   */
  settle(
    all: readonly Guarded[],
    before: Before,
    isElsewhere: (reference: { readonly typeUrl: string; readonly name: string }) => boolean,
  ): { readonly resources: readonly Resource[]; readonly withheld: readonly Withheld[] } {
    const resources: Resource[] = [];
    const withheld: Withheld[] = [];
    let names: Set<string> | undefined;
    const isThere = ({ typeUrl, name }: { readonly typeUrl: string; readonly name: string }): boolean => {
      names ??= new Set(all.map((one) => `${one.typeUrl} ${one.name}`));
      return names.has(`${typeUrl} ${name}`) || isElsewhere({ typeUrl, name });
    };
    for (const { typeUrl, name, resource, faults, yields } of all) {
      if (faults.length === 0 && resource !== undefined) {
        resources.push(resource);
        continue;
      }
      const last = yields ? before(typeUrl, name) : undefined;
      const stays = last !== undefined && !this.substitutes.has(last) && last.references.every(isThere);
      const taken = stays ? last : resource;
      if (taken !== undefined) resources.push(taken);
      for (const fault of faults)
        withheld.push({ ...fault, typeUrl, name, ...(stays ? { outcome: 'It stays as it was.' } : {}) });
    }
    return { resources, withheld };
  }

  private examine(message: Message): Guarded {
    const named = message as { readonly name?: string; readonly clusterName?: string };
    const [typeUrl, name] = [`type.googleapis.com/${message.$typeName}`, named.name ?? named.clusterName ?? ''];
    const encoded = encode(message);
    if ('version' in encoded && this.sound.has(encoded.version))
      return { typeUrl, name, resource: encoded, faults: [], yields: false };
    const faults = faultsOf(message);
    if ('version' in encoded && faults.length === 0) {
      if (this.sound.size >= SOUND_KEPT) this.sound = new Set();
      this.sound.add(encoded.version);
      return { typeUrl, name, resource: encoded, faults: [], yields: false };
    }
    const all = faults.length === 0 && !('version' in encoded) ? [encoded] : faults;
    const { message: left, faults: told, yields } = mend(message, all);
    const resource = left === undefined ? undefined : encode(left);
    const taken = resource !== undefined && 'version' in resource ? resource : undefined;
    if (taken !== undefined) this.substitutes.add(taken);
    return { typeUrl, name, resource: taken, faults: told, yields: yields || taken === undefined };
  }
}

function encode(message: Message): Resource | PartFault {
  try {
    return encodeResource(message);
  } catch (error) {
    return { path: '', message: (error as Error).message };
  }
}
