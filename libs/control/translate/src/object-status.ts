import { refText, type MeshObject, type MeshProxy, type MeshSnapshot, type ObjectRef } from '@weft/control-mesh';

/** Why a resource, or a part of it, does nothing; or what to know although it does something. */
export interface StatusNote {
  /** `shadowed`: somebody else is asked instead. `unattached`: there is nothing it could act on. `warning`: it acts, in part. */
  readonly kind: 'shadowed' | 'unattached' | 'warning';
  readonly message: string;
  /** Who has its place. */
  readonly by?: ObjectRef;
  /** The field that it is about. */
  readonly path?: string;
}

/** What a resource does. */
export interface ObjectStatus {
  readonly ref: ObjectRef;
  /** How many of the proxies given it changes something for. */
  readonly effectiveOn: number;
  readonly notes: readonly StatusNote[];
}

/** Everything that the status of one kind is found from. */
export interface StatusWorld {
  readonly snapshot: MeshSnapshot;
  readonly proxies: readonly MeshProxy[];
  /** Why no Secret answers to the name that a proxy of the namespace asks for; undefined: one does. */
  readonly secretFault: (name: string, namespace: string) => string | undefined;
}

/** `effective on 3 proxies`, `shadowed by VirtualService default/a: …`, `not attached: …`; one sentence each. */
export function statusText({ effectiveOn, notes }: ObjectStatus): string {
  const parts = notes.map(({ kind, message, by }) => {
    if (kind === 'shadowed' && by !== undefined) return `shadowed by ${refText(by)}: ${message}`;
    return kind === 'unattached' ? `not attached: ${message}` : message;
  });
  if (effectiveOn > 0) parts.unshift(`effective on ${effectiveOn} ${effectiveOn === 1 ? 'proxy' : 'proxies'}`);
  return parts.length === 0 ? 'effective on no proxy yet' : parts.join('; ');
}

/** How many of the proxies hold a test. */
export function countProxies({ proxies }: StatusWorld, test: (proxy: MeshProxy) => boolean): number {
  return proxies.filter(test).length;
}

export function statusOf({ ref }: MeshObject, effectiveOn: number, notes: readonly StatusNote[]): ObjectStatus {
  return { ref, effectiveOn, notes };
}
