import {
  parseDocuments,
  type ConfigNode,
  type Fault,
  type SourcePosition,
  type TextFormat,
} from '@weft/core-config-text';
import { offsetOf } from './find-place.ts';
import { unfoldMeshConfig } from './mesh-config-text.ts';
import { readObject, type ReadObject, type ReadOptions } from './read-object.ts';
import type { Report } from './report.ts';
import { kubeScalar } from './scalar.ts';
import type { SupportCheck } from './support.ts';

export interface KubeText {
  readonly text: string;
  readonly file: string;
  readonly format: TextFormat;
  /** The line of the file that the text begins with. Default 1. */
  readonly line?: number;
  /** How far each of its lines was moved to the right. Default 0. */
  readonly indent?: number;
}

export interface ReadTextOptions extends ReadOptions {
  /** What Weft implements; without it everything that is well formed is taken. */
  readonly support?: SupportCheck;
}

/** One resource of a text. */
export interface ReadDocument extends ReadObject {
  readonly faults: readonly Fault[];
  /** Where it begins. */
  readonly position: SourcePosition;
  /** Which of the text's resources it is, for `positionIn`. */
  readonly index: number;
}

/** Reads all resources of a text. Elements of a `kind: List` count as documents. */
export function readText(source: KubeText, options: ReadTextOptions = {}): ReadDocument[] {
  return unpack(source).map(({ root, at, faults: broken, prefix }, index) => {
    const faults = [...broken];
    const begin = at(root?.offset ?? 0);
    if (root === undefined) return { faults, position: faults[0]?.position ?? begin, index };
    const report: Report = (path, message, { atKey = false, ...hint } = {}) => {
      const full = path === '' || prefix === '' ? `${prefix}${path}` : `${prefix}.${path}`;
      faults.push({ path: full, file: source.file, position: at(offsetOf(root, path, atKey)), message, ...hint });
    };
    const read = readObject(root, report, options);
    if (read.kind !== undefined && options.support !== undefined) {
      const { group, kind } = read.kind;
      const known = new Set(faults.map(({ path }) => path));
      const more: Report = (path, message, hint) => {
        // What no schema knows does not come later.
        if (!known.has(path === '' || prefix === '' ? `${prefix}${path}` : `${prefix}.${path}`))
          report(path, message, hint);
      };
      const part = kind === 'ConfigMap' ? 'data' : 'spec';
      const written = root.kind === 'map' ? root.entries.get(part)?.value : undefined;
      options.support.report(`${group}/${kind}`, written, more, part);
    }
    const { kind: _, ...found } = read;
    const whole = faults.length === 0 || read.identity === undefined ? found : { identity: read.identity };
    return { ...whole, faults, position: begin, index };
  });
}

/** Where `path` of the resource `index` stands. Reads the text again: what is asked for once is not kept for all. */
export function positionIn(source: KubeText, index: number, path: string): SourcePosition {
  const document = unpack(source)[index];
  if (document?.root === undefined) return { line: source.line ?? 1, column: 1 };
  return document.at(offsetOf(document.root, path));
}

interface Unpacked {
  readonly root?: ConfigNode;
  readonly faults: readonly Fault[];
  /** `items[2]` for the elements of a list. */
  readonly prefix: string;
  at(offset: number): SourcePosition;
}

function unpack({ text, file, format, line = 1, indent = 0 }: KubeText): Unpacked[] {
  const { documents, positionOf } = parseDocuments(text, file, format, { plain: kubeScalar });
  const from = { line, indent };
  const at = (offset: number): SourcePosition => shift(positionOf(offset), from);
  return documents.flatMap(({ root, faults }): Unpacked[] => {
    const moved = faults.map((fault) =>
      fault.position === undefined ? fault : { ...fault, position: shift(fault.position, from) },
    );
    if (root === undefined) return [{ faults: moved, prefix: '', at }];
    const items = listItems(root);
    return (items ?? [root]).map((item, index) => {
      const unfolded = unfoldMeshConfig(item, text, file);
      const inside = unfolded.faults.map((fault) =>
        fault.position === undefined ? fault : { ...fault, position: shift(fault.position, from) },
      );
      return {
        root: unfolded.root,
        faults: [...(index === 0 ? moved : []), ...inside],
        prefix: items === undefined ? '' : `items[${index}]`,
        at,
      };
    });
  });
}

/** What was put before the text has no place in the file: it counts as its beginning. */
function shift({ line, column }: SourcePosition, from: Required<Pick<KubeText, 'line' | 'indent'>>): SourcePosition {
  return { line: Math.max(1, line + from.line - 1), column: Math.max(1, column - from.indent) };
}

function listItems(root: ConfigNode): readonly ConfigNode[] | undefined {
  if (root.kind !== 'map') return undefined;
  const kind = root.entries.get('kind')?.value;
  const items = root.entries.get('items')?.value;
  return kind?.kind === 'scalar' && /List$/.test(kind.text) && items?.kind === 'list' ? items.items : undefined;
}
