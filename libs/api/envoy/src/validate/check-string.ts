import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { StringRules } from '../../gen/validate/validate_pb.js';
import { listed } from '../read-scalar.ts';
import { given, unlessEmpty, type Check } from './check.ts';

interface Format {
  readonly expected: string;
  readonly test: (text: string) => boolean;
}

const HEADER_NAME = 1;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const EMAIL = /^[^\s@]+@([^\s@]+)$/;

/** The named formats of PGV's StringRules. */
const FORMATS: Readonly<Record<string, Format>> = {
  email: { expected: 'an e-mail address', test: (text) => isHostname(EMAIL.exec(text)?.[1] ?? '') },
  hostname: { expected: 'a host name', test: isHostname },
  ip: { expected: 'an IP address', test: (text) => isIP(text) !== 0 },
  ipv4: { expected: 'an IPv4 address', test: isIPv4 },
  ipv6: { expected: 'an IPv6 address', test: isIPv6 },
  uri: {
    expected: 'an absolute URI',
    test: (text) => /^[a-z][a-z0-9+.-]*:/i.test(text) && !/\s/.test(text) && URL.canParse(text),
  },
  uriRef: { expected: 'a URI reference', test: (text) => !/\s/.test(text) && URL.canParse(text, 'http://host/') },
  address: { expected: 'a host name or an IP address', test: (text) => isIP(text) !== 0 || isHostname(text) },
  uuid: { expected: 'a UUID', test: (text) => UUID.test(text) },
};

/** PGV's expressions for headers: strict as RFC 9110 has them, or only free of what splits a header. */
const STRICT_NAME = /^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$/;
// eslint-disable-next-line no-control-regex -- the rules are about control characters
const STRICT_VALUE = /^[^\u0000-\u0008\u000a-\u001f\u007f]*$/;
// eslint-disable-next-line no-control-regex -- the rules are about control characters
const LOOSE = /^[^\u0000\n\r]*$/;

/** The rules on a string. */
export function checkString(rules: StringRules): Check {
  const checks = [...lengthChecks(rules), ...contentChecks(rules), ...formatChecks(rules)];
  const all: Check = (value, tell) => {
    for (const check of checks) check(value, tell);
  };
  return given(rules, 'ignoreEmpty') === true ? unlessEmpty(all, (value) => value === '') : all;
}

function lengthChecks(rules: StringRules): Check[] {
  const characters = (text: string): number => [...text].length;
  const bytes = (text: string): number => Buffer.byteLength(text);
  return [
    lengthCheck({
      measure: characters,
      unit: 'characters',
      exact: given(rules, 'len'),
      least: given(rules, 'minLen'),
      most: given(rules, 'maxLen'),
    }),
    lengthCheck({
      measure: bytes,
      unit: 'bytes',
      exact: given(rules, 'lenBytes'),
      least: given(rules, 'minBytes'),
      most: given(rules, 'maxBytes'),
    }),
  ];
}

interface Lengths<T> {
  readonly measure: (value: T) => number;
  readonly unit: string;
  readonly exact: bigint | undefined;
  readonly least: bigint | undefined;
  readonly most: bigint | undefined;
}

/** The check of a length; a value below the least length that is empty is said to be just that. */
export function lengthCheck<T>({ measure, unit, exact, least, most }: Lengths<T>): Check {
  return (value, tell) => {
    const length = measure(value as T);
    const is = length === 0 ? 'is empty' : `has ${length} ${unit}`;
    if (exact !== undefined && BigInt(length) !== exact) tell(is, { expected: `${exact} ${unit}` });
    if (least !== undefined && length < least)
      tell(is, { expected: `at least ${least} ${least === 1n ? unit.slice(0, -1) : unit}` });
    if (most !== undefined && length > most) tell(is, { expected: `at most ${most} ${unit}` });
  };
}

function contentChecks(rules: StringRules): Check[] {
  const checks: Check[] = [];
  const add = (expected: string, test: (text: string) => boolean): void => {
    checks.push((value, tell) => {
      if (!test(value as string)) tell(`is ${JSON.stringify(value)}`, { expected });
    });
  };
  const constant = given(rules, 'const');
  const pattern = given(rules, 'pattern');
  const prefix = given(rules, 'prefix');
  const suffix = given(rules, 'suffix');
  const contains = given(rules, 'contains');
  const lacks = given(rules, 'notContains');
  if (constant !== undefined) add(JSON.stringify(constant), (text) => text === constant);
  if (pattern !== undefined) {
    const expression = new RegExp(pattern, 'u');
    add(`text that matches ${pattern}`, (text) => expression.test(text));
  }
  if (prefix !== undefined) add(`text that starts with "${prefix}"`, (text) => text.startsWith(prefix));
  if (suffix !== undefined) add(`text that ends with "${suffix}"`, (text) => text.endsWith(suffix));
  if (contains !== undefined) add(`text with "${contains}" in it`, (text) => text.includes(contains));
  if (lacks !== undefined) add(`text without "${lacks}" in it`, (text) => !text.includes(lacks));
  if (rules.in.length > 0) add(listed(rules.in), (text) => rules.in.includes(text));
  if (rules.notIn.length > 0) add(`none of ${rules.notIn.join(', ')}`, (text) => !rules.notIn.includes(text));
  return checks;
}

function formatChecks(rules: StringRules): Check[] {
  const { case: name, value } = rules.wellKnown;
  if (name === undefined) return [];
  if (name === 'wellKnownRegex') return typeof value === 'number' && value !== 0 ? [headerCheck(rules, value)] : [];
  const format = FORMATS[name];
  if (value !== true || format === undefined) return [];
  return [
    (text, tell) => {
      if (!format.test(text as string)) tell(`is ${JSON.stringify(text)}`, { expected: format.expected });
    },
  ];
}

function headerCheck(rules: StringRules, known: number): Check {
  const strict = known === HEADER_NAME ? STRICT_NAME : STRICT_VALUE;
  const expression = (given(rules, 'strict') ?? true) ? strict : LOOSE;
  const expected = `a header ${known === HEADER_NAME ? 'name' : 'value'}`;
  return (text, tell) => {
    if (!expression.test(text as string)) tell(`is ${JSON.stringify(text)}`, { expected });
  };
}

/** RFC 1123, with a final dot allowed. */
function isHostname(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  return name.length <= 253 && name.split('.').every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label));
}
