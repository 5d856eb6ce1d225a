import type { BytesRules } from '../../gen/validate/validate_pb.js';
import { given, unlessEmpty, type Check } from './check.ts';
import { lengthCheck } from './check-string.ts';

/** The rules on bytes. */
export function checkBytes(rules: BytesRules): Check {
  const lengths = { exact: given(rules, 'len'), least: given(rules, 'minLen'), most: given(rules, 'maxLen') };
  const checks: Check[] = [lengthCheck({ measure: (value: Uint8Array) => value.length, unit: 'bytes', ...lengths })];
  const add = (expected: string, test: (value: Buffer) => boolean): void => {
    checks.push((value, tell) => {
      if (!test(Buffer.from(value as Uint8Array))) tell('has other bytes', { expected });
    });
  };
  const same = (a: Buffer) => (b: Uint8Array) => a.equals(b);
  const constant = given(rules, 'const');
  const pattern = given(rules, 'pattern');
  const prefix = given(rules, 'prefix');
  const suffix = given(rules, 'suffix');
  const contains = given(rules, 'contains');
  if (constant !== undefined) add(`just ${hex(constant)}`, (value) => value.equals(constant));
  if (pattern !== undefined) {
    const expression = new RegExp(pattern, 'u');
    add(`text that matches ${pattern}`, (value) => expression.test(value.toString()));
  }
  if (prefix !== undefined) add(`${hex(prefix)} first`, (value) => value.subarray(0, prefix.length).equals(prefix));
  if (suffix !== undefined) add(`${hex(suffix)} last`, (value) => value.subarray(-suffix.length).equals(suffix));
  if (contains !== undefined) add(`${hex(contains)} in it`, (value) => value.includes(Buffer.from(contains)));
  if (rules.in.length > 0) add(`one of ${rules.in.map(hex).join(', ')}`, (value) => rules.in.some(same(value)));
  if (rules.notIn.length > 0)
    add(`none of ${rules.notIn.map(hex).join(', ')}`, (value) => !rules.notIn.some(same(value)));
  const { case: format, value: wanted } = rules.wellKnown;
  const sizes = format === 'ip' ? [4, 16] : format === 'ipv4' ? [4] : [16];
  if (format !== undefined && wanted) add('the bytes of an IP address', (value) => sizes.includes(value.length));
  const all: Check = (value, tell) => {
    for (const check of checks) check(value, tell);
  };
  return given(rules, 'ignoreEmpty') === true ? unlessEmpty(all, (value) => (value as Uint8Array).length === 0) : all;
}

function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
