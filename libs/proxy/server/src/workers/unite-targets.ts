import type { UnreadyTargets } from '@weft/observe-admin';

/** What any worker still waits for, each thing once. */
export function uniteTargets(views: readonly (readonly UnreadyTargets[])[]): UnreadyTargets[] {
  const found = new Map<string, UnreadyTargets>();
  for (const target of views.flat()) {
    const key = `${target.component} ${target.name}`;
    const targetNames = new Set([...(found.get(key)?.targetNames ?? []), ...target.targetNames]);
    found.set(key, { ...target, targetNames: [...targetNames] });
  }
  return [...found.values()];
}
