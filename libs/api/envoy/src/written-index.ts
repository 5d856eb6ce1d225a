import type { DescriptorIndex, IndexedType, TypeKind } from './descriptor-index.ts';

const LETTER: Readonly<Record<TypeKind, string>> = { message: 'm', enum: 'e', service: 's', extension: 'x' };
const KIND: Readonly<Record<string, TypeKind>> = { m: 'message', e: 'enum', s: 'service', x: 'extension' };

/**
 * An index as text, which lies beside a bundle so that starting need not walk the descriptors. The first line is the length
 * of the set it is of; each further one is a file: its name, where it starts and ends, what its types' names start with,
 * and those names' rests, each behind the letter of its kind.
 */
export function writeIndex(index: DescriptorIndex, setBytes: number): string {
  const lines = index.map(({ name, start, end, types }) => {
    const prefix = sharedPrefix(types.map(({ typeName }) => typeName));
    const rests = types.map(({ kind, typeName }) => LETTER[kind] + typeName.slice(prefix.length));
    return [name, start, end, prefix, ...rests].join(' ');
  });
  return [setBytes, ...lines, ''].join('\n');
}

/** What `writeIndex` wrote; undefined if it is of another descriptor set. */
export function readIndex(text: string, setBytes: number): DescriptorIndex | undefined {
  const lines = text.split('\n');
  if (lines[0] !== String(setBytes)) return undefined;
  return lines.slice(1, -1).map((line) => {
    const [name = '', start, end, prefix = '', ...rests] = line.split(' ');
    const types = rests.map((rest): IndexedType => ({
      kind: KIND[rest.charAt(0)] as TypeKind,
      typeName: prefix + rest.slice(1),
    }));
    return { name, start: Number(start), end: Number(end), types };
  });
}

function sharedPrefix(names: readonly string[]): string {
  let [prefix = ''] = names;
  for (const name of names) while (!name.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return prefix;
}
