import type { DescField, DescMessage } from '@bufbuild/protobuf';
import {
  joinPath,
  nearest,
  plainValue,
  type ConfigEntry,
  type ConfigNode,
  type FaultHint,
  type MapNode,
} from '@weft/core-config-text';
import { camelCase } from './tree-source.ts';
import { described, listed, readEnum, readScalar, zeroOf, type Read } from './read-scalar.ts';
import { standsBelowValue, wellKnownReader, wrappedType, type ReadJson } from './read-well-known.ts';
import { messageNames, registry, typeNameOfUrl } from './registry.ts';
import type { FieldSupport } from './support.ts';

/** What a reader tells of what it reads. `offset` is a place in the text. */
export interface ReadSink {
  fault(path: string, offset: number, message: string, hint?: FaultHint): void;
  warn(path: string, offset: number, message: string, hint?: FaultHint): void;
}

/** Gives older forms of a message as what they are today. */
export interface ConfigUpgrade {
  /** The same map with its older fields replaced; the map itself if there are none. */
  message(map: MapNode, desc: DescMessage, place: UpgradePlace): MapNode;
  /** The full name that a message has today, for one that it had once. */
  typeName(name: string): string | undefined;
}

/** Where an upgrade happens, and where to say so. */
export interface UpgradePlace {
  readonly path: string;
  readonly sink: ReadSink;
}

/** A value and its place: the path by which faults name it. */
interface Place {
  readonly node: ConfigNode;
  readonly path: string;
}

export type JsonMap = Record<string, unknown>;

/** Reading goes no deeper than this: nothing that a person writes does. */
export const MAX_DEPTH = 200;
const TYPED_STRUCTS: ReadonlySet<string> = new Set(['udpa.type.v1.TypedStruct', 'xds.type.v3.TypedStruct']);

/**
 * Reads a tree as a message, and finds everything that is wrong with it. The result is protobuf JSON in proto names; what
 * has a fault is undefined in it, or left out.
 */
export class ConfigReader {
  /** Nodes that an upgrade replaced, by what replaced them. */
  readonly replaced = new Map<ConfigNode, ConfigNode>();
  private readonly sink: ReadSink;
  private readonly upgrade: ConfigUpgrade | undefined;
  private readonly support: FieldSupport;
  private depth = 0;

  /** `support`: what is implemented of enums, which is all that a fault then names. */
  constructor(sink: ReadSink, upgrade?: ConfigUpgrade, support: FieldSupport = {}) {
    this.sink = sink;
    this.upgrade = upgrade;
    this.support = support;
  }

  /** The JSON of a message; undefined after a fault that leaves nothing to say. */
  message(node: ConfigNode, desc: DescMessage, path: string): unknown {
    if (this.depth >= MAX_DEPTH) {
      this.sink.fault(path, node.offset, 'nests too deeply');
      return undefined;
    }
    this.depth += 1;
    const json = this.readMessage({ node, path }, desc);
    this.depth -= 1;
    return json;
  }

  private readMessage({ node, path }: Place, desc: DescMessage): unknown {
    if (desc.typeName === 'google.protobuf.Any') return this.any(node, path);
    const wrapped = wrappedType(desc);
    if (wrapped !== undefined) {
      // Envoy also takes a wrapper as the message that it is: {value: true}, and {} for the zero value.
      if (node.kind === 'map' && node.entries.size === 0) return zeroOf(wrapped);
      const inner = node.kind === 'map' && node.entries.size === 1 ? node.entries.get('value')?.value : undefined;
      return this.tell(inner ?? node, path, readScalar(inner ?? node, wrapped));
    }
    const readWellKnown = wellKnownReader(desc);
    if (readWellKnown !== undefined) return this.tell(node, path, readWellKnown(node));
    if (node.kind !== 'map') {
      const expected = `a map of the fields of ${desc.typeName}`;
      this.sink.fault(path, node.offset, `${described(node)} is not a message`, { expected });
      return undefined;
    }
    const json: JsonMap = {};
    this.fields(this.upgraded(node, desc, path), desc, { path, json });
    return json;
  }

  private upgraded(map: MapNode, desc: DescMessage, path: string): MapNode {
    const now = this.upgrade?.message(map, desc, { path, sink: this.sink }) ?? map;
    if (now !== map) this.replaced.set(map, now);
    return now;
  }

  private fields(
    map: MapNode,
    desc: DescMessage,
    to: { readonly path: string; readonly json: JsonMap; readonly inAny?: boolean },
  ): void {
    const oneofs = new Map<string, string>();
    const names = fieldNames(desc);
    for (const [key, entry] of map.entries) {
      if (to.inAny === true && key === '@type') continue;
      const field = names.get(key);
      if (field === undefined) {
        this.unknownField(key, entry, { desc, path: to.path });
        continue;
      }
      const here = joinPath(to.path, field.name);
      if (Object.hasOwn(to.json, field.name)) {
        this.sink.fault(here, entry.offset, `is set twice, as "${field.name}" and as "${key}"`);
        continue;
      }
      if (isNull(entry.value) && !takesNull(field)) continue;
      const other = field.oneof === undefined ? undefined : oneofs.get(field.oneof.name);
      if (field.oneof !== undefined && other !== undefined) {
        const expected = listed(field.oneof.fields.map((one) => one.name));
        this.sink.fault(here, entry.offset, `is set beside "${other}"`, { expected: `at most ${expected}` });
      }
      if (field.oneof !== undefined) oneofs.set(field.oneof.name, field.name);
      const value = this.field({ node: entry.value, path: here }, field);
      if (other === undefined) to.json[field.name] = value;
    }
  }

  private unknownField(
    key: string,
    entry: ConfigEntry,
    at: { readonly desc: DescMessage; readonly path: string },
  ): void {
    const known = at.desc.fields.map((field) => field.name);
    const suggestion = nearest(key, known);
    const hint: FaultHint =
      suggestion !== undefined
        ? { suggestion }
        : known.length > 0
          ? { expected: listed(known) }
          : { expected: 'no field at all' };
    this.sink.fault(joinPath(at.path, key), entry.offset, `unknown field "${key}" in ${at.desc.typeName}`, hint);
  }

  private field(place: Place, field: DescField): unknown {
    if (field.fieldKind === 'list') return this.list(place, field);
    if (field.fieldKind === 'map') return this.map(place, field);
    return this.element(place, field);
  }

  /** A single value stands for a list of one, as in Envoy. */
  private list({ node, path }: Place, field: DescField & { fieldKind: 'list' }): unknown[] {
    const items = node.kind === 'list' ? node.items : [node];
    return items.map((item, index) => this.element({ node: item, path: joinPath(path, index) }, field));
  }

  private map({ node, path }: Place, field: DescField & { fieldKind: 'map' }): JsonMap {
    const json: JsonMap = {};
    if (node.kind !== 'map') {
      this.sink.fault(path, node.offset, `${described(node)} is not a map`, { expected: `a map of "${field.name}"` });
      return json;
    }
    for (const [key, entry] of node.entries) {
      const here = joinPath(path, key);
      const name = keyNode(key, entry);
      this.tell(name, here, readScalar(name, field.mapKey));
      json[key] = this.element({ node: entry.value, path: here }, field);
    }
    return json;
  }

  /** A value of a field, or an element of its list or map. Nulls among elements are defaults, as in Envoy. */
  private element({ node, path }: Place, field: DescField): unknown {
    if (field.message !== undefined && !(field.fieldKind === 'map' && field.mapKind !== 'message')) {
      if (isNull(node) && !isValue(field.message)) return {};
      return this.message(node, field.message, path);
    }
    if (field.enum !== undefined)
      return isNull(node) ? 0 : this.tell(node, path, readEnum(node, field.enum, this.support[field.enum.typeName]));
    const scalar = field.scalar;
    if (scalar === undefined) return undefined;
    return isNull(node) ? zeroOf(scalar) : this.tell(node, path, readScalar(node, scalar));
  }

  private any(node: ConfigNode, path: string): unknown {
    if (node.kind !== 'map') {
      this.sink.fault(path, node.offset, `${described(node)} is not a message`, { expected: 'a map with "@type"' });
      return undefined;
    }
    // An empty Any is no message, which some fields take (a route that only switches a filter on), but no extension does.
    if (node.entries.size === 0 && !path.endsWith('.typed_config')) return {};
    const desc = this.typeOf(node, path);
    if (desc === undefined) return undefined;
    const type = `type.googleapis.com/${desc.typeName}`;
    if (standsBelowValue(desc)) return { '@type': type, value: this.anyValue(node, desc, path) };
    const json: JsonMap = { '@type': type };
    const body = this.upgraded(node, desc, path);
    this.fields(body, desc, { path, json, inAny: true });
    if (TYPED_STRUCTS.has(desc.typeName)) this.typedStruct(body, path);
    return json;
  }

  private anyValue(node: MapNode, desc: DescMessage, path: string): unknown {
    for (const [key, entry] of node.entries) {
      if (key === '@type' || key === 'value') continue;
      this.sink.fault(joinPath(path, key), entry.offset, `unknown field "${key}"`, {
        expected: `"value", the ${desc.typeName}`,
      });
    }
    const value = node.entries.get('value')?.value;
    return value === undefined ? {} : this.message(value, desc, joinPath(path, 'value'));
  }

  private typeOf(node: MapNode, path: string): DescMessage | undefined {
    const type = node.entries.get('@type')?.value;
    const url = type?.kind === 'scalar' && typeof type.value === 'string' ? type.value : undefined;
    const offset = type?.offset ?? node.offset;
    if (url === undefined) {
      const expected = '"@type": "type.googleapis.com/" and the name of a message';
      this.sink.fault(path, offset, type === undefined ? 'has no "@type"' : 'has an "@type" that is no text', {
        expected,
      });
      return undefined;
    }
    const name = typeNameOfUrl(url);
    if (url.lastIndexOf('/') < 1) {
      const suggestion = `type.googleapis.com/${name}`;
      this.sink.fault(path, offset, `"@type" is the bare name "${url}"`, { suggestion });
      return undefined;
    }
    const today = this.upgrade?.typeName(name);
    const desc = registry().getMessage(today ?? name);
    if (desc === undefined) {
      const near = nearestType(name);
      this.sink.fault(
        path,
        offset,
        `unknown type "${url}"`,
        near === undefined ? {} : { suggestion: `type.googleapis.com/${near}` },
      );
    } else if (today !== undefined) {
      const now = `"@type": type.googleapis.com/${today}`;
      this.sink.warn(path, offset, `type "${name}" is of an older API: the v3 form is ${now}`);
    }
    return desc;
  }

  /** The body of a TypedStruct is some message's JSON: if it is one of this API, its faults are told like all others. */
  private typedStruct(node: MapNode, path: string): void {
    const url = entryOf(node, 'type_url');
    const value = entryOf(node, 'value');
    if (url === undefined || value?.kind !== 'map') return;
    const name = typeNameOfUrl(String(plainValue(url)));
    const desc = registry().getMessage(this.upgrade?.typeName(name) ?? name);
    if (desc !== undefined) this.message(value, desc, joinPath(path, 'value'));
  }

  private tell(node: ConfigNode, path: string, read: Read | ReadJson): unknown {
    if (read.ok) return read.json;
    const { ok: _, message, ...hint } = read;
    this.sink.fault(path, node.offset, message, hint);
    return undefined;
  }
}

function entryOf(node: MapNode, protoName: string): ConfigNode | undefined {
  return (node.entries.get(protoName) ?? node.entries.get(camelCase(protoName)))?.value;
}

/** The key of a map entry as a value of its own: `5` for a map from integers. */
function keyNode(key: string, entry: ConfigEntry): ConfigNode {
  return { kind: 'scalar', offset: entry.offset, value: key, text: key };
}

function isNull(node: ConfigNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

function isValue(desc: DescMessage): boolean {
  return desc.typeName === 'google.protobuf.Value';
}

/** Null is a value of google.protobuf.Value; everywhere else it leaves the field unset. */
function takesNull(field: DescField): boolean {
  return field.fieldKind === 'message' && isValue(field.message);
}

/** A type name is mistyped at its end more often than in its package: candidates of the same last part come first. */
function nearestType(name: string): string | undefined {
  const last = name.slice(name.lastIndexOf('.') + 1);
  const sameLast = messageNames().filter((candidate) => candidate.endsWith(`.${last}`));
  return nearest(name, messageNames()) ?? (sameLast.length === 1 ? sameLast[0] : undefined);
}

const namesOf = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

/** Fields by the two names that JSON knows them by: `port_value` and `portValue`. */
function fieldNames(desc: DescMessage): ReadonlyMap<string, DescField> {
  let names = namesOf.get(desc);
  if (names === undefined) {
    names = new Map(
      desc.fields.flatMap((field): [string, DescField][] => [
        [field.jsonName, field],
        [field.name, field],
      ]),
    );
    namesOf.set(desc, names);
  }
  return names;
}
