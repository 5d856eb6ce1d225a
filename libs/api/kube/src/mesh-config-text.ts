import { parseDocuments, type ConfigEntry, type ConfigNode, type Fault, type MapNode } from '@weft/core-config-text';
import { kubeScalar } from './scalar.ts';

/** A document, and what is wrong with the text inside it. */
interface Unfolded {
  readonly root: ConfigNode;
  readonly faults: readonly Fault[];
}

/** The name of the ConfigMap that holds Istio's MeshConfig, under the key `mesh`. */
export const MESH_CONFIG_MAP = 'istio';

/** True where a document is the ConfigMap of the mesh; ConfigMaps of other names are programs' own. */
export function isMeshConfigMap(root: MapNode): boolean {
  const metadata = root.entries.get('metadata')?.value;
  const name = metadata?.kind === 'map' ? metadata.entries.get('name')?.value : undefined;
  return textOf(root.entries.get('kind')?.value) === 'ConfigMap' && textOf(name) === MESH_CONFIG_MAP;
}

/**
 * A document with the MeshConfig in its `data.mesh` unfolded: fields of that text stand in the tree, each at its place in the file
 * where the text is a literal block (`mesh: |`), else at the place of the text. Other documents are given as they are.
 */
export function unfoldMeshConfig(root: ConfigNode, text: string, file: string): Unfolded {
  if (root.kind !== 'map' || !isMeshConfigMap(root)) return { root, faults: [] };
  const data = root.entries.get('data');
  const mesh = data?.value.kind === 'map' ? data.value.entries.get('mesh') : undefined;
  if (data?.value.kind !== 'map' || mesh?.value.kind !== 'scalar' || typeof mesh.value.value !== 'string')
    return { root, faults: [] };
  const { offset, value } = mesh.value;
  const place = placesIn(text, offset);
  const parsed = parseDocuments(value, file, 'yaml', { plain: kubeScalar });
  const [first, second] = parsed.documents;
  const faults = parsed.documents.flatMap((document) =>
    document.faults.map((fault): Fault => {
      const { line, column } = fault.position ?? { line: 1, column: 1 };
      const position = parsedPosition(text, place(line, column));
      return { ...fault, path: fault.path === '' ? 'data.mesh' : `data.mesh.${fault.path}`, position };
    }),
  );
  if (second !== undefined)
    faults.push({
      path: 'data.mesh',
      file,
      position: parsedPosition(text, offset),
      message: 'holds a second document',
    });
  const moved = moveNode(first?.root ?? { kind: 'map', offset: 0, entries: new Map() }, (inner) => {
    const { line, column } = parsed.positionOf(inner);
    return place(line, column);
  });
  return { root: put(root, 'data', put(data.value, 'mesh', moved)), faults };
}

function textOf(node: ConfigNode | undefined): string | undefined {
  return node?.kind === 'scalar' ? node.text : undefined;
}

function put(map: MapNode, key: string, value: ConfigNode): MapNode {
  const entry: ConfigEntry = { offset: map.entries.get(key)?.offset ?? map.offset, value };
  return { ...map, entries: new Map([...map.entries, [key, entry]]) };
}

/** Where a line and column of a literal block stand in the text around it. */
function placesIn(text: string, offset: number): (line: number, column: number) => number {
  if (text[offset] !== '|') return () => offset;
  const starts: number[] = [];
  for (let at = text.indexOf('\n', offset); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const first = starts.find((start) => /^ *[^\s]/.test(text.slice(start)));
  const indent = first === undefined ? 0 : (/^ */.exec(text.slice(first))?.[0].length ?? 0);
  return (line, column) => {
    const start = starts[line - 1];
    return start === undefined ? offset : Math.min(text.length, start + indent + column - 1);
  };
}

function parsedPosition(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
}

function moveNode(node: ConfigNode, to: (offset: number) => number): ConfigNode {
  const offset = to(node.offset);
  if (node.kind === 'scalar') return { ...node, offset };
  if (node.kind === 'list') return { ...node, offset, items: node.items.map((item) => moveNode(item, to)) };
  const entries = [...node.entries].map(
    ([key, entry]) => [key, { offset: to(entry.offset), value: moveNode(entry.value, to) }] as const,
  );
  return { ...node, offset, entries: new Map(entries) };
}
