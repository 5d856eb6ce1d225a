import type { DescMessage, JsonValue, Message } from '@bufbuild/protobuf';
import { parseText, type Fault, type ParsedText, type TextFormat } from '@weft/core-config-text';
import { treeSource } from './tree-source.ts';
import { sourceNamed, type SourceMap } from './source-map.ts';
import { messageOfJson } from './message-of-json.ts';
import { ConfigReader, type ReadSink } from './read-config.ts';
import { registry } from './registry.ts';
import type { FieldSupport } from './support.ts';
import { upgrade } from './upgrade/upgrade.ts';

export interface ConfigText {
  readonly text: string;
  /** The name that faults give the text: a path, or `--config-yaml`. */
  readonly file: string;
  /** The message it is, in full: `envoy.config.bootstrap.v3.Bootstrap`. It must be one of the API. */
  readonly typeName: string;
  /** By default JSON for a file whose name ends so, and YAML for all others. */
  readonly format?: TextFormat;
  /** What the reader of the message implements: of an enum listed here, faults name no other values. */
  readonly support?: FieldSupport;
}

export interface LoadedConfig {
  /** Present exactly if there are no faults. */
  readonly message?: Message;
  /**
   * With faults: the message without the values that have them, so that the rest can be checked as well. Never to be put to
   * use. Absent where too little is left.
   */
  readonly readable?: Message;
  /** Everything that is wrong, in the order of the text. */
  readonly faults: Fault[];
  /** Older forms that were read as what they are today, in the order of the text. */
  readonly warnings: Fault[];
  /** Where the fields stand: by the paths that they have in the message. */
  readonly source: SourceMap;
  /** The message in protobuf JSON, with proto names; worth reading only if there are no faults. */
  readonly json: unknown;
}

/** Reads a configuration and says everything that is wrong with its form. Never throws on account of the text. */
export function loadConfig(config: ConfigText): LoadedConfig {
  const { text, file, typeName } = config;
  const desc = registry().getMessage(typeName);
  if (desc === undefined) throw new Error(`no message ${typeName} in the API`);
  const parsed = parseText(text, file, config.format ?? formatOf(file));
  const { root } = parsed;
  if (root === undefined)
    return { faults: [...parsed.faults], warnings: [], source: sourceNamed(file), json: undefined };
  const found = new Findings(file, parsed);
  const reader = new ConfigReader(found, upgrade, config.support);
  const json = reader.message(root, desc, '');
  const source = treeSource({ file, root, positionOf: parsed.positionOf, replaced: reader.replaced });
  const faults = found.inOrder(found.faults);
  const warnings = found.inOrder(found.warnings);
  if (faults.length > 0) {
    const readable = readableOf(desc, json);
    return { faults, warnings, source, json, ...(readable === undefined ? {} : { readable }) };
  }
  try {
    const message = messageOfJson(desc, json as JsonValue);
    return { message, faults, warnings, source, json };
  } catch (error) {
    // The reader lets nothing pass that the library refuses, as far as its tests know.
    return { faults: [{ path: '', file, message: (error as Error).message }], warnings, source, json };
  }
}

function readableOf(desc: DescMessage, json: unknown): Message | undefined {
  const rest = withoutHoles(json);
  if (rest === undefined) return undefined;
  try {
    return messageOfJson(desc, rest);
  } catch {
    // What is left of a faulty text need not be a message; its faults are told in any case.
    return undefined;
  }
}

/** JSON without the values that could not be read. Places in lists stay: a hole among messages is an empty one. */
function withoutHoles(json: unknown): JsonValue | undefined {
  if (Array.isArray(json)) {
    const items = json.map(withoutHoles);
    if (!items.includes(undefined)) return items as JsonValue[];
    const ofMessages = items.some((item) => typeof item === 'object' && item !== null && !Array.isArray(item));
    return ofMessages ? items.map((item) => item ?? {}) : undefined;
  }
  if (typeof json !== 'object' || json === null) return json as JsonValue | undefined;
  const rest: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(json)) {
    const read = withoutHoles(value);
    if (read !== undefined) rest[key] = read;
  }
  return rest;
}

function formatOf(file: string): TextFormat {
  return file.toLowerCase().endsWith('.json') ? 'json' : 'yaml';
}

class Findings implements ReadSink {
  readonly faults: Fault[] = [];
  readonly warnings: Fault[] = [];
  private readonly file: string;
  private readonly parsed: ParsedText;

  constructor(file: string, parsed: ParsedText) {
    this.file = file;
    this.parsed = parsed;
    this.faults.push(...parsed.faults);
  }

  fault(path: string, offset: number, message: string, hint = {}): void {
    this.faults.push({ path, file: this.file, position: this.parsed.positionOf(offset), message, ...hint });
  }

  warn(path: string, offset: number, message: string, hint = {}): void {
    this.warnings.push({ path, file: this.file, position: this.parsed.positionOf(offset), message, ...hint });
  }

  inOrder(faults: readonly Fault[]): Fault[] {
    return faults.toSorted((a, b) => place(a) - place(b));
  }
}

/** Lines and columns as one number to sort by. */
function place(fault: Fault): number {
  return (fault.position?.line ?? 0) * 1_000_000 + Math.min(fault.position?.column ?? 0, 999_999);
}
