import { LineCounter, isAlias, isMap, isPair, isScalar, isSeq, parseAllDocuments } from 'yaml';
import type { Document, ParsedNode, Scalar, YAMLMap } from 'yaml';
import type { ConfigEntry, ConfigNode, PositionOf } from './config-tree.ts';
import type { Fault, FaultHint } from './fault.ts';
import { joinPath } from './path.ts';
import { jsonScalar, plainScalar } from './yaml-scalar.ts';

export type TextFormat = 'yaml' | 'json';

export interface ParseOptions {
  /** What a plain YAML scalar means. Default: `plainScalar`. */
  readonly plain?: (text: string) => string | number | boolean | null;
}

export interface ParsedText {
  /** Absent if there is nothing to read. */
  readonly root?: ConfigNode;
  readonly faults: readonly Fault[];
  readonly positionOf: PositionOf;
}

/** One of the documents of a text. */
export interface ParsedDocument {
  /** Absent if its syntax is broken: values of such a document are guesses. */
  readonly root?: ConfigNode;
  readonly faults: readonly Fault[];
}

export interface ParsedDocuments {
  /** Those that hold something. */
  readonly documents: readonly ParsedDocument[];
  readonly positionOf: PositionOf;
}

/** Aliases may multiply a text; more values than this are a mistake or an attack. */
const MAX_VALUES = 5_000_000;
const TOO_DEEP = 'nests too deeply to be read';

/** Reads the one document of a YAML text (or JSON, with YAML's reader but JSON's scalars) into a tree with places. */
export function parseText(text: string, file: string, format: TextFormat): ParsedText {
  const { documents, positionOf, report, faults } = parseAll(text, file);
  if (documents !== undefined && !reportSyntax(documents, format, report)) {
    const [document] = documents;
    if (document === undefined || document.contents === null)
      report('', 0, 'is empty', { expected: 'a map of fields' });
    else {
      const reader = new TreeReader({ format, plain: plainScalar }, report);
      return { root: reader.read(document.contents, ''), faults, positionOf };
    }
  }
  return { faults, positionOf };
}

/** Reads all documents of a text. A fault in one leaves the others readable. */
export function parseDocuments(
  text: string,
  file: string,
  format: TextFormat,
  options: ParseOptions = {},
): ParsedDocuments {
  const { documents, positionOf, faults } = parseAll(text, file);
  if (documents === undefined) return { documents: [{ faults }], positionOf };
  const plain = options.plain ?? plainScalar;
  const read = documents.flatMap((document): ParsedDocument[] => {
    const found: Fault[] = [];
    const report = reporter(found, file, positionOf);
    if (reportBroken(document, format, report)) return [{ faults: found }];
    if (document.contents === null || isNothing(document.contents)) return [];
    const root = new TreeReader({ format, plain }, report).read(document.contents, '');
    return [{ root, faults: found }];
  });
  return { documents: read, positionOf };
}

type Report = (path: string, offset: number, message: string, hint?: FaultHint) => void;
type Parsed = Document.Parsed<ParsedNode>;

interface Syntax {
  /** Undefined if nothing could be read. */
  readonly documents: readonly Parsed[] | undefined;
  readonly positionOf: PositionOf;
  readonly faults: Fault[];
  readonly report: Report;
}

function parseAll(text: string, file: string): Syntax {
  const lines = new LineCounter();
  const positionOf: PositionOf = (offset) => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const faults: Fault[] = [];
  const report = reporter(faults, file, positionOf);
  const documents = yamlDocuments(text, lines);
  if (documents === undefined) report('', 0, TOO_DEEP);
  return { documents, positionOf, faults, report };
}

function reporter(faults: Fault[], file: string, positionOf: PositionOf): Report {
  return (path, offset, message, hint = {}) => {
    faults.push({ path, file, position: positionOf(offset), message, ...hint });
  };
}

/** A document of comments only, or of `---` alone. */
function isNothing(node: ParsedNode): boolean {
  return isScalar(node) && node.type === 'PLAIN' && node.source === '' && node.tag === undefined;
}

function yamlDocuments(text: string, lineCounter: LineCounter): Parsed[] | undefined {
  try {
    const options = {
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
      lineCounter,
    } as const;
    const documents = parseAllDocuments(text, options);
    return Array.isArray(documents) ? (documents as Parsed[]) : [];
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Says whether there are faults of syntax: the values of such a text are guesses. */
function reportSyntax(documents: readonly Parsed[], format: TextFormat, report: Report): boolean {
  const [first, second] = documents;
  const broken = first !== undefined && reportBroken(first, format, report);
  if (second !== undefined) {
    const offset = second.contents?.range[0] ?? second.range[0];
    report('', offset, 'holds a second document', { expected: 'one document in a file' });
  }
  return broken || second !== undefined;
}

function reportBroken(document: Parsed, format: TextFormat, report: Report): boolean {
  const language = format === 'json' ? 'JSON' : 'YAML';
  // One fault: those after it follow from it.
  const error = document.errors[0];
  if (error === undefined) return false;
  // The parser catches its own stack overflow and gives it as a fault of syntax.
  const message = /call stack/.test(error.message)
    ? TOO_DEEP
    : `is not valid ${language}: ${lowerFirst(error.message)}`;
  report('', error.pos[0], message);
  return true;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

class TreeReader {
  private readonly format: TextFormat;
  private readonly plain: (text: string) => string | number | boolean | null;
  private readonly report: Report;
  private readonly anchors = new Map<string, ConfigNode>();
  private readonly sizes = new WeakMap<ConfigNode, number>();
  private values = 0;

  constructor(language: { format: TextFormat } & Required<ParseOptions>, report: Report) {
    this.format = language.format;
    this.plain = language.plain;
    this.report = report;
  }

  read(node: ParsedNode | null, path: string, offset = 0): ConfigNode {
    if (node === null) return { kind: 'scalar', offset, value: null, text: '' };
    if (isAlias(node)) return this.alias(node.source, node.range[0], path);
    const before = this.values;
    this.values += 1;
    const read = this.readValue(node, path);
    this.sizes.set(read, this.values - before);
    if (!isAlias(node) && node.anchor !== undefined) this.anchors.set(node.anchor, read);
    return read;
  }

  private readValue(node: ParsedNode, path: string): ConfigNode {
    const offset = node.range[0];
    if (isScalar(node)) return this.scalar(node, path);
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.read(item as ParsedNode, joinPath(path, index), offset));
      return { kind: 'list', offset, items };
    }
    return { kind: 'map', offset, entries: isMap(node) ? this.entries(node, path) : new Map() };
  }

  private entries(map: YAMLMap, path: string): Map<string, ConfigEntry> {
    const entries = new Map<string, ConfigEntry>();
    const merged: ConfigNode[] = [];
    for (const pair of map.items) {
      if (!isPair(pair)) continue;
      const key = pair.key as ParsedNode | null;
      const offset = key?.range[0] ?? map.range?.[0] ?? 0;
      const name = this.keyOf(key, offset, path);
      if (name === undefined) continue;
      const here = joinPath(path, name);
      const value = this.read(pair.value as ParsedNode | null, here, offset);
      // Envoy's way to keep a value aside for aliases.
      if (isScalar(key) && key.tag === '!ignore') continue;
      if (name === '<<' && isPlain(key) && this.format === 'yaml') {
        merged.push(...(value.kind === 'list' ? value.items : [value]));
        continue;
      }
      if (entries.has(name)) this.report(here, offset, `duplicate key "${name}"`);
      entries.set(name, { offset, value });
    }
    for (const source of merged) this.merge(entries, source, path);
    return entries;
  }

  private keyOf(key: ParsedNode | null, offset: number, path: string): string | undefined {
    if (!isScalar(key)) {
      this.report(path, offset, 'has a key that is no text');
      return undefined;
    }
    if (this.format === 'json' && key.type !== 'QUOTE_DOUBLE')
      this.report(path, offset, `has the key ${key.source} without double quotes`);
    return String(key.value);
  }

  private merge(entries: Map<string, ConfigEntry>, source: ConfigNode, path: string): void {
    if (source.kind === 'scalar' && source.value === null) return;
    if (source.kind !== 'map') {
      this.report(path, source.offset, 'has "<<" with a value that is no map', { expected: 'a map or a list of maps' });
      return;
    }
    for (const [key, entry] of source.entries) if (!entries.has(key)) entries.set(key, entry);
  }

  private alias(name: string, offset: number, path: string): ConfigNode {
    const target = this.anchors.get(name);
    this.values += target === undefined ? 1 : (this.sizes.get(target) ?? 1);
    if (target !== undefined && this.values <= MAX_VALUES) return target;
    if (target !== undefined) this.report(path, offset, 'multiplies the text by aliases beyond measure');
    else this.report(path, offset, `unknown alias "*${name}"`, { expected: `"&${name}" on a value before it` });
    return { kind: 'scalar', offset, value: null, text: '' };
  }

  private scalar(node: Scalar.Parsed, path: string): ConfigNode {
    const offset = node.range[0];
    const text = String(node.value);
    if (this.format === 'json') return { kind: 'scalar', offset, value: this.jsonValue(node, text, path), text };
    const literal = !isPlain(node) || node.tag === '!' || node.tag === 'tag:yaml.org,2002:str';
    return { kind: 'scalar', offset, value: literal ? text : this.plain(text), text };
  }

  private jsonValue(node: Scalar.Parsed, text: string, path: string): string | number | boolean | null {
    if (node.type === 'QUOTE_DOUBLE') return text;
    const value = node.type === 'PLAIN' ? jsonScalar(text) : undefined;
    if (value === undefined) this.report(path, node.range[0], `is not valid JSON: ${text}`);
    return value ?? null;
  }
}

function isPlain(node: ParsedNode | null): boolean {
  return isScalar(node) && node.type === 'PLAIN';
}
