import { refText, type MeshObject, type MeshProxy, type MeshSnapshot, type ObjectRef } from '@weft/control-mesh';
import type { ViewGroup } from './view-groups.ts';

/** Why a resource, or a part of it, does nothing; or what to know although it does something. */
export interface StatusNote {
  /**
   * `shadowed`: somebody else is asked instead. `unattached`: there is nothing it could act on. `warning`: it acts, in part.
   * `used`, `unused`: of what acts only where others refer to it.
   */
  readonly kind: 'shadowed' | 'unattached' | 'warning' | 'used' | 'unused';
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
  /** The same proxies, by what is behind their calls. */
  readonly groups: readonly ViewGroup[];
  /** Undefined: nobody gave them. */
  readonly secrets: readonly MeshObject[] | undefined;
  /** Why no Secret answers to the name that a proxy of the namespace asks for; undefined: one does. */
  readonly secretFault: (name: string, namespace: string) => string | undefined;
}

/** What comes before a note's words. */
const LEAD: Readonly<Record<StatusNote['kind'], string>> = {
  shadowed: '',
  unattached: 'not attached: ',
  warning: '',
  used: 'used by ',
  unused: 'not used: ',
};

/** `effective on 3 proxies`, `shadowed by VirtualService default/a: …`, `not attached: …`; one sentence each. */
export function statusText({ effectiveOn, notes }: ObjectStatus): string {
  const parts = notes.map(({ kind, message, by }) =>
    kind === 'shadowed' && by !== undefined ? `shadowed by ${refText(by)}: ${message}` : LEAD[kind] + message,
  );
  if (effectiveOn > 0) parts.unshift(`effective on ${proxiesText(effectiveOn)}`);
  return parts.length === 0 ? 'effective on no proxy yet' : parts.join('; ');
}

export function proxiesText(count: number): string {
  return `${count} ${count === 1 ? 'proxy' : 'proxies'}`;
}

/** How many proxies are in groups that hold a test. */
export function countGroups({ groups }: Pick<StatusWorld, 'groups'>, test: (group: ViewGroup) => boolean): number {
  return groups.reduce((sum, group) => sum + (test(group) ? group.proxies.length : 0), 0);
}

export function statusOf({ ref }: MeshObject, effectiveOn: number, notes: readonly StatusNote[]): ObjectStatus {
  return { ref, effectiveOn, notes };
}

/** One note for each document that has the place of another, whoever found it how often. */
export function shadowNotes(winners: Iterable<MeshObject>, message: string): StatusNote[] {
  return [...new Set(winners)].map(({ ref }) => ({ kind: 'shadowed', message, by: ref }));
}

/** Who uses it; where nobody does, why. */
export function usage(users: Iterable<string>, otherwise: string): StatusNote[] {
  const names = [...new Set(users)];
  return names.length === 0 ? [{ kind: 'unused', message: otherwise }] : [{ kind: 'used', message: names.join(', ') }];
}
