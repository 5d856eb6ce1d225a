import type { SpecOf } from '@weft/api-kube';
import { MeshSnapshotBuilder, resolveHost, type MeshSnapshot } from '@weft/control-mesh';
import type { ConfigObject } from '@weft/control-sources';
import { CODES, type Code } from './codes.ts';
import type { Message } from './message.ts';

/** Where in a resource something was found. */
export interface Spot {
  readonly object: ConfigObject;
  /** `spec.http[0]`; `''` is the whole. */
  readonly path: string;
}

type Kind = keyof SpecOf;

/** What every check looks at, and reports to. */
export class Analysis {
  readonly snapshot: MeshSnapshot;
  readonly messages: Message[] = [];
  /** Some service is described: a host that is not is a mistake. Without, services come from elsewhere. */
  readonly knowsServices: boolean;
  /** Services are described as on a cluster: none comes from elsewhere. */
  readonly describesAll: boolean;
  /** The like for workloads. */
  readonly knowsWorkloads: boolean;
  private readonly kinds: ReadonlyMap<string, readonly ConfigObject[]>;

  /** `mesh`: the one that the resources are in already. Default: the one that they describe. */
  constructor(objects: Iterable<ConfigObject>, mesh?: MeshSnapshot) {
    const all = [...objects];
    this.kinds = Map.groupBy(all, ({ ref }) => (ref.group === '' ? ref.kind : `${ref.group}/${ref.kind}`));
    this.snapshot = mesh ?? meshOf(all);
    this.knowsServices = this.snapshot.services.size > 0;
    this.describesAll = this.names('Service').length > 0;
    this.knowsWorkloads = this.snapshot.workloads.size > 0;
  }

  /** All resources of a kind, oldest first. */
  of<K extends Kind>(kind: K): readonly ConfigObject<SpecOf[K]>[] {
    const found = (this.kinds.get(kind) ?? []) as readonly ConfigObject<SpecOf[K]>[];
    return [...found].sort((a, b) => a.createdAtMs - b.createdAtMs || (a.ref.name < b.ref.name ? -1 : 1));
  }

  all(): readonly ConfigObject[] {
    return [...this.kinds.values()].flat();
  }

  find<K extends Kind>(kind: K, namespace: string, name: string): ConfigObject<SpecOf[K]> | undefined {
    const found = this.kinds.get(kind)?.find(({ ref }) => ref.namespace === namespace && ref.name === name);
    return found as ConfigObject<SpecOf[K]> | undefined;
  }

  names(kind: Kind): string[] {
    return (this.kinds.get(kind) ?? []).map(({ ref }) => ref.name);
  }

  /** The full name of a host as a resource of `namespace` means it. */
  host(host: string, namespace: string): string {
    return resolveHost(this.snapshot, host, namespace);
  }

  /**
   * True for a host of the mesh that no document describes and that `weft run` may register. Where Services are described, as on
   * a cluster, all are.
   */
  mayRegister(fullName: string): boolean {
    return fullName.endsWith(`.svc.${this.snapshot.config.domainSuffix}`) && !this.describesAll;
  }

  report(code: Code, { object, path }: Spot, text: string, hint?: string): void {
    const { line, column } = object.place.positionOf(path);
    const { ref, place } = object;
    const found = { code, level: CODES[code].level, ref, file: place.file, line, column, path, text };
    this.messages.push(hint === undefined ? found : { ...found, hint });
  }
}

function meshOf(objects: readonly ConfigObject[]): MeshSnapshot {
  const builder = new MeshSnapshotBuilder();
  builder.replace(objects);
  return builder.build();
}

/** `videos-api.default`; of kinds without a namespace, the name. */
export function nameOf({ ref }: ConfigObject): string {
  return ref.namespace === '' ? ref.name : `${ref.name}.${ref.namespace}`;
}

/** `did you mean "…"?` where something near exists. */
export function meant(suggestion: string | undefined, otherwise: string): string {
  return suggestion === undefined ? otherwise : `did you mean "${suggestion}"?`;
}
