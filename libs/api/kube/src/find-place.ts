import { splitPath, type ConfigNode } from '@weft/core-config-text';

/** The offset of what stands at `path`: of a scalar's value, else of its key; of the nearest one around it, if it is absent. `atKey`: of its key in any case. */
export function offsetOf(root: ConfigNode, path: string, atKey = false): number {
  let node = root;
  let offset = root.offset;
  for (const segment of splitPath(path)) {
    if (node.kind === 'map') {
      const entry = node.entries.get(String(segment));
      if (entry === undefined) break;
      node = entry.value;
      offset = !atKey && node.kind === 'scalar' && node.text !== '' ? node.offset : entry.offset;
    } else if (node.kind === 'list' && typeof segment === 'number') {
      const item = node.items[segment];
      if (item === undefined) break;
      node = item;
      offset = node.offset;
    } else break;
  }
  return offset;
}
