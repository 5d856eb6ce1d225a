import { ScalarType, type DescMessage } from '@bufbuild/protobuf';
import { plainValue, type ConfigNode, type FaultHint, type MapNode } from '@weft/core-config-text';
import { described } from './read-scalar.ts';

/** What came of reading one of the messages that JSON writes in a form of their own. */
export type ReadJson =
  { readonly ok: true; readonly json: unknown } | ({ readonly ok: false; readonly message: string } & FaultHint);

const WRAPPERS: ReadonlySet<string> = new Set(
  ['Bool', 'Int32', 'Int64', 'UInt32', 'UInt64', 'Float', 'Double', 'String', 'Bytes'].map(
    (name) => `google.protobuf.${name}Value`,
  ),
);
const MAX_DURATION_SECONDS = 315_576_000_000;

const READERS: Readonly<Record<string, (node: ConfigNode) => ReadJson>> = {
  'google.protobuf.Duration': readDuration,
  'google.protobuf.Timestamp': readTimestamp,
  'google.protobuf.FieldMask': readFieldMask,
  'google.protobuf.Struct': readStruct,
  'google.protobuf.Value': (node) => ({ ok: true, json: plainValue(node) }),
  'google.protobuf.ListValue': readList,
};

/** The scalar type inside a wrapper such as google.protobuf.BoolValue. */
export function wrappedType(desc: DescMessage): ScalarType | undefined {
  if (!WRAPPERS.has(desc.typeName)) return undefined;
  const [value] = desc.fields;
  return value?.fieldKind === 'scalar' ? value.scalar : undefined;
}

/** How JSON writes `desc`, if not as a map of its fields; Any and the wrappers aside. */
export function wellKnownReader(desc: DescMessage): ((node: ConfigNode) => ReadJson) | undefined {
  return Object.hasOwn(READERS, desc.typeName) ? READERS[desc.typeName] : undefined;
}

/** Whether a message of this type inside an Any stands below `value`. */
export function standsBelowValue(desc: DescMessage): boolean {
  return desc.typeName === 'google.protobuf.Any' || WRAPPERS.has(desc.typeName) || wellKnownReader(desc) !== undefined;
}

function refused(node: ConfigNode, what: string, expected: string): ReadJson {
  return { ok: false, message: `${described(node)} is not ${what}`, expected };
}

function readDuration(node: ConfigNode): ReadJson {
  const example = 'seconds with a final "s", such as "0.25s"';
  const spelled = node.kind === 'map' ? secondsAndNanos(node) : undefined;
  if (spelled !== undefined) {
    const total = BigInt(spelled.seconds) * 1_000_000_000n + BigInt(spelled.nanos);
    const magnitude = total < 0n ? -total : total;
    const fraction = String(magnitude % 1_000_000_000n).padStart(9, '0');
    return { ok: true, json: `${total < 0n ? '-' : ''}${magnitude / 1_000_000_000n}.${fraction}s` };
  }
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return refused(node, 'a duration', example);
  const match = /^-?([0-9]+)(?:\.[0-9]{1,9})?s$/.exec(node.value);
  if (match === null) return refused(node, 'a duration', example);
  if (Number(match[1]) > MAX_DURATION_SECONDS) return refused(node, 'a duration', 'at most 315576000000s');
  return { ok: true, json: node.value };
}

/** Envoy also takes durations and timestamps in the fields of their messages. */
function secondsAndNanos(map: MapNode): { seconds: number; nanos: number } | undefined {
  const parts = { seconds: 0, nanos: 0 };
  for (const [key, { value }] of map.entries) {
    const number = value.kind === 'scalar' ? Number(value.value) : Number.NaN;
    if ((key !== 'seconds' && key !== 'nanos') || !Number.isSafeInteger(number)) return undefined;
    parts[key] = number;
  }
  return Math.abs(parts.nanos) < 1_000_000_000 && Math.abs(parts.seconds) <= MAX_DURATION_SECONDS ? parts : undefined;
}

const RFC3339 = /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$/;
/** 0001-01-01 to 9999-12-31, in seconds from 1970. */
const TIMESTAMP_SECONDS = [-62_135_596_800, 253_402_300_799] as const;

function readTimestamp(node: ConfigNode): ReadJson {
  const spelled = node.kind === 'map' ? secondsAndNanos(node) : undefined;
  if (spelled !== undefined && spelled.nanos >= 0 && inTimestampRange(spelled.seconds)) {
    const whole = new Intl.DateTimeFormat('sv-SE', { timeZone: 'UTC', dateStyle: 'short', timeStyle: 'medium' }).format(
      spelled.seconds * 1000,
    );
    return { ok: true, json: `${whole.replace(' ', 'T')}.${String(spelled.nanos).padStart(9, '0')}Z` };
  }
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
  const match = RFC3339.exec(text);
  const seconds = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`) / 1000;
  if (!inTimestampRange(seconds)) return refused(node, 'a time', 'RFC 3339, such as "2026-01-02T03:04:05Z"');
  return { ok: true, json: text };
}

function inTimestampRange(seconds: number): boolean {
  return seconds >= TIMESTAMP_SECONDS[0] && seconds <= TIMESTAMP_SECONDS[1];
}

function readFieldMask(node: ConfigNode): ReadJson {
  const paths = node.kind === 'map' ? node.entries.get('paths')?.value : undefined;
  const text =
    paths?.kind === 'list' ? paths.items.map((item) => String(plainValue(item))).join(',') : plainValue(node);
  if (typeof text !== 'string')
    return refused(node, 'a field mask', 'field names with commas between, such as "fooBar,baz"');
  return { ok: true, json: text.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) };
}

function readStruct(node: ConfigNode): ReadJson {
  return node.kind === 'map' ? { ok: true, json: plainValue(node) } : refused(node, 'a map', 'a map of any values');
}

function readList(node: ConfigNode): ReadJson {
  return node.kind === 'list' ? { ok: true, json: plainValue(node) } : refused(node, 'a list', 'a list of any values');
}
