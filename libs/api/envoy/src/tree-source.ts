import { splitPath, type ConfigNode, type PositionOf } from '@weft/core-config-text';
import type { SourceMap } from './source-map.ts';

export interface ReadTree {
  readonly file: string;
  readonly root: ConfigNode;
  readonly positionOf: PositionOf;
  /** Nodes that were replaced while reading, by what stands in their place now. */
  readonly replaced: ReadonlyMap<ConfigNode, ConfigNode>;
}

/** Finds places by path in the tree that was read, so that reading itself keeps no table of them. */
export function treeSource(tree: ReadTree): SourceMap {
  const current = (node: ConfigNode): ConfigNode => tree.replaced.get(node) ?? node;
  return {
    file: tree.file,
    position(path) {
      let node = current(tree.root);
      for (const segment of splitPath(path)) {
        const next = child(node, segment);
        if (next === undefined) break;
        node = current(next);
      }
      return tree.positionOf(node.offset);
    },
  };
}

function child(node: ConfigNode, segment: string | number): ConfigNode | undefined {
  if (node.kind === 'map') {
    const key = String(segment);
    return (node.entries.get(key) ?? node.entries.get(camelCase(key)))?.value;
  }
  // A list field may be written as its only element.
  if (segment === 0 && node.kind === 'scalar') return node;
  return node.kind === 'list' && typeof segment === 'number' ? node.items[segment] : undefined;
}

/** `port_value` as JSON has it: `portValue`. */
export function camelCase(protoName: string): string {
  return protoName.replaceAll(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
