import type { SourcePosition } from './fault.ts';

/** A value of a configuration file and where it stands. `offset` counts characters from the start of the text. */
export type ConfigNode = ScalarNode | ListNode | MapNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly offset: number;
  readonly value: string | number | boolean | null;
  /** As written, without quotes. */
  readonly text: string;
}

export interface ListNode {
  readonly kind: 'list';
  readonly offset: number;
  readonly items: readonly ConfigNode[];
}

export interface MapNode {
  readonly kind: 'map';
  readonly offset: number;
  readonly entries: ReadonlyMap<string, ConfigEntry>;
}

export interface ConfigEntry {
  /** Where the key stands. */
  readonly offset: number;
  readonly value: ConfigNode;
}

/** The same value without places. */
export function plainValue(node: ConfigNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainValue);
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, plainValue(entry.value)]));
}

/** A value that stands nowhere else, as a node at `offset`: what an upgrade puts in, and resources that have no text. */
export function nodeOf(value: unknown, offset: number): ConfigNode {
  if (Array.isArray(value)) return { kind: 'list', offset, items: value.map((item) => nodeOf(item, offset)) };
  if (isNode(value)) return value;
  if (typeof value === 'object' && value !== null) {
    const present = Object.entries(value).filter(([, item]) => item !== undefined);
    const entries = present.map(([key, item]): [string, ConfigEntry] => {
      const node = nodeOf(item, offset);
      return [key, { offset: node.offset, value: node }];
    });
    return { kind: 'map', offset, entries: new Map(entries) };
  }
  const scalar = value as string | number | boolean | null;
  return { kind: 'scalar', offset, value: scalar, text: String(scalar) };
}

function isNode(value: unknown): value is ConfigNode {
  return typeof value === 'object' && value !== null && 'kind' in value && 'offset' in value;
}

export type PositionOf = (offset: number) => SourcePosition;
