import { ScalarType, type DescEnum } from '@bufbuild/protobuf';
import { nearest, type ConfigNode, type FaultHint, type ScalarNode } from '@weft/core-config-text';

/** What came of reading a value: its protobuf JSON, or what is wrong with it. */
export type Read =
  { readonly ok: true; readonly json: JsonScalar } | ({ readonly ok: false; readonly message: string } & FaultHint);
export type JsonScalar = string | number | boolean;

const RANGES: ReadonlyMap<ScalarType, readonly [bigint, bigint]> = new Map([
  [ScalarType.INT32, [-(2n ** 31n), 2n ** 31n - 1n]],
  [ScalarType.SINT32, [-(2n ** 31n), 2n ** 31n - 1n]],
  [ScalarType.SFIXED32, [-(2n ** 31n), 2n ** 31n - 1n]],
  [ScalarType.UINT32, [0n, 2n ** 32n - 1n]],
  [ScalarType.FIXED32, [0n, 2n ** 32n - 1n]],
  [ScalarType.INT64, [-(2n ** 63n), 2n ** 63n - 1n]],
  [ScalarType.SINT64, [-(2n ** 63n), 2n ** 63n - 1n]],
  [ScalarType.SFIXED64, [-(2n ** 63n), 2n ** 63n - 1n]],
  [ScalarType.UINT64, [0n, 2n ** 64n - 1n]],
  [ScalarType.FIXED64, [0n, 2n ** 64n - 1n]],
]);
const MAX_FLOAT = 3.4028234663852886e38;
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const SPECIAL_NUMBERS: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity']);
const DECIMAL = /^-?(?:0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/** `"abc"`, `5`, `a list`: a value as a fault names it. */
export function described(node: ConfigNode): string {
  if (node.kind !== 'scalar') return `a ${node.kind}`;
  if (node.value === null) return 'null';
  return typeof node.value === 'string' ? JSON.stringify(node.value) : node.text;
}

/** The value of a field that is no message and no enum, from a node that is not null. */
export function readScalar(node: ConfigNode, type: ScalarType): Read {
  if (node.kind !== 'scalar') return wrong(node, expectedOf(type));
  if (type === ScalarType.STRING) return readString(node);
  if (type === ScalarType.BOOL) return readBool(node);
  if (type === ScalarType.BYTES) return readBytes(node);
  if (type === ScalarType.DOUBLE || type === ScalarType.FLOAT) return readFraction(node, type);
  return readInteger(node, type);
}

export function zeroOf(type: ScalarType): JsonScalar {
  if (type === ScalarType.STRING || type === ScalarType.BYTES) return '';
  return type === ScalarType.BOOL ? false : 0;
}

function wrong(node: ConfigNode, expected: string): Read {
  return { ok: false, message: `${described(node)} is not ${kindOf(expected)}`, expected };
}

/** `a boolean, true or false` is a boolean. */
function kindOf(expected: string): string {
  return expected.split(/,| from /)[0] as string;
}

function expectedOf(type: ScalarType): string {
  const range = RANGES.get(type);
  if (range !== undefined) return `an integer from ${range[0]} to ${range[1]}`;
  if (type === ScalarType.BOOL) return 'a boolean, true or false';
  if (type === ScalarType.BYTES) return 'bytes, in base64';
  return type === ScalarType.STRING ? 'a string' : 'a number';
}

function readString(node: ScalarNode): Read {
  if (typeof node.value === 'string') return { ok: true, json: node.value };
  return {
    ok: false,
    message: `${described(node)} is not a string`,
    expected: `a string: ${JSON.stringify(node.text)}, in quotes`,
  };
}

function readBool(node: ScalarNode): Read {
  if (typeof node.value === 'boolean') return { ok: true, json: node.value };
  if (node.value === 'true' || node.value === 'false') return { ok: true, json: node.value === 'true' };
  return wrong(node, 'a boolean, true or false');
}

function readBytes(node: ScalarNode): Read {
  if (typeof node.value !== 'string') return wrong(node, 'bytes, in base64');
  const digits = node.value.replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/_-]*$/.test(digits) || digits.length % 4 === 1) return wrong(node, 'bytes, in base64');
  return { ok: true, json: Buffer.from(digits, 'base64').toString('base64') };
}

function readFraction(node: ScalarNode, type: ScalarType): Read {
  if (typeof node.value === 'string' && SPECIAL_NUMBERS.has(node.value)) return { ok: true, json: node.value };
  const number = typeof node.value === 'number' ? node.value : numberOf(node.value);
  if (number === undefined || !Number.isFinite(number)) return wrong(node, 'a number');
  if (type === ScalarType.FLOAT && Math.abs(number) > MAX_FLOAT) return wrong(node, 'a number, of 32 bits');
  return { ok: true, json: number };
}

function numberOf(value: ScalarNode['value']): number | undefined {
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : undefined;
}

function readInteger(node: ScalarNode, type: ScalarType): Read {
  const integer = integerOf(node);
  const [least, most] = RANGES.get(type) as readonly [bigint, bigint];
  const expected = expectedOf(type);
  if (integer === undefined) return wrong(node, expected);
  if (integer < least || integer > most) return { ok: false, message: `${described(node)} is out of range`, expected };
  const safe = integer <= SAFE && integer >= -SAFE && most <= SAFE;
  return { ok: true, json: safe ? Number(integer) : String(integer) };
}

/** Whole numbers in any form JSON has for them: `80`, `"80"`, `80.0`, `8e1`. */
function integerOf(node: ScalarNode): bigint | undefined {
  if (typeof node.value === 'number' && Number.isSafeInteger(node.value)) return BigInt(node.value);
  const text = typeof node.value === 'number' ? node.text : node.value;
  if (typeof text !== 'string') return undefined;
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  if (match[1] === undefined && match[2] === undefined) return BigInt(text);
  const number = Number(text);
  return Number.isSafeInteger(number) ? BigInt(number) : undefined;
}

/**
 * A name in any case, or a number. Numbers that the enum does not name are left to its validation rules, as in Envoy. Of
 * `implemented`, where it is known, comes what a fault says would be right.
 */
export function readEnum(node: ConfigNode, type: DescEnum, implemented?: readonly string[]): Read {
  const value = node.kind === 'scalar' ? node.value : undefined;
  if (typeof value === 'string') {
    const folded = value.toUpperCase().replaceAll('-', '_');
    const found =
      type.values.find((one) => one.name === value) ?? type.values.find((one) => one.name.toUpperCase() === folded);
    if (found !== undefined) return { ok: true, json: found.name };
  }
  const number = node.kind === 'scalar' ? integerOf(node) : undefined;
  if (number !== undefined && number >= -(2n ** 31n) && number < 2n ** 31n) {
    return { ok: true, json: type.values.find((one) => one.number === Number(number))?.name ?? Number(number) };
  }
  const names = implemented ?? type.values.map((one) => one.name);
  const suggestion = typeof value === 'string' ? nearest(value, names) : undefined;
  const message =
    typeof value === 'string'
      ? `unknown value ${JSON.stringify(value)}`
      : `${described(node)} is no value of ${type.typeName}`;
  return { ok: false, message, expected: listed(names), ...(suggestion === undefined ? {} : { suggestion }) };
}

/** `one of A, B, C`; of a long list the first few. */
export function listed(names: readonly string[]): string {
  const shown = names.length > 12 ? [...names.slice(0, 12), '…'] : names;
  return names.length === 1 ? (names[0] as string) : `one of ${shown.join(', ')}`;
}
