import { statusText } from './object-status.ts';
import { status } from './status.ts';
import { readWorld } from './world.testing.ts';

/** What `weft status` says of each resource of a world: by `Kind name`. */
export function statuses(yaml: string): Record<string, string> {
  const { snapshot, proxies, documents } = readWorld(yaml);
  const all = status(snapshot, [...proxies.values()], documents);
  return Object.fromEntries(all.map((one) => [`${one.ref.kind} ${one.ref.name}`, statusText(one)]));
}
