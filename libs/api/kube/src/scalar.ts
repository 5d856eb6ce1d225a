import { nearest, plainScalar, type ScalarNode } from '@weft/core-config-text';
import type { Report } from './report.ts';
import type { Schema } from './schema.ts';

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DURATION = /^([0-9]+(\.[0-9]+)?(h|m|s|ms|us|µs|ns))+$/;
/** Part of the pattern that durations of the Gateway API have. */
const DURATION_PATTERN = '(h|m|s|ms)';
/** Of the schemas' patterns, of which there are as many as the schemas have: a pattern means the same to everybody. */
const patterns = new Map<string, RegExp>();

/** What Kubernetes takes a plain YAML scalar for: as Envoy does, and fractions and large integers are numbers too. */
export function kubeScalar(text: string): string | number | boolean | null {
  const value = plainScalar(text);
  return typeof value === 'string' && NUMBER.test(text) ? Number(text) : value;
}

/** Checks a scalar against the keywords of its schema. */
export function reportScalar(node: ScalarNode, schema: Schema, path: string, report: Report): void {
  const { value, text } = node;
  if (schema.intOrString === true) {
    if (typeof value !== 'string' && !Number.isInteger(value))
      report(path, `is ${kindOf(node)}`, { expected: 'an integer or text' });
    else if (typeof value === 'string' && schema.pattern !== undefined)
      checkPattern(value, schema.pattern, path, report);
    return;
  }
  if (schema.type === 'string') checkString(node, schema, path, report);
  else if (schema.type === 'boolean') {
    if (typeof value !== 'boolean') report(path, `is ${kindOf(node)}`, { expected: 'true or false' });
  } else if (schema.type === 'integer' || schema.type === 'number') checkNumber(node, schema, path, report);
  else if (schema.type === 'object') report(path, `is ${kindOf(node)}`, { expected: 'a map of fields' });
  else if (schema.type === 'array') report(path, `is ${kindOf(node)}`, { expected: `a list, as in "- ${text}"` });
}

function checkString(node: ScalarNode, schema: Schema, path: string, report: Report): void {
  const { value, text } = node;
  if (typeof value !== 'string') {
    const hint =
      typeof value === 'number' && isDurationSchema(schema)
        ? { expected: 'a duration', suggestion: `${text}s` }
        : { expected: `text: write it in quotes, "${text}"` };
    report(path, `is ${kindOf(node)}`, hint);
    return;
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    const suggestion = nearest(value, schema.enum);
    const expected = schema.enum.filter((word) => word !== '').join(', ');
    report(path, `unknown value "${value}"`, {
      expected: `one of ${expected}`,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
    return;
  }
  const length = [...value].length;
  if (schema.minLength !== undefined && length < schema.minLength)
    report(path, length === 0 ? 'is empty' : `has ${length} characters`, { expected: `at least ${schema.minLength}` });
  if (schema.maxLength !== undefined && length > schema.maxLength)
    report(path, `has ${length} characters`, { expected: `at most ${schema.maxLength}` });
  if (schema.pattern !== undefined && value !== '') checkPattern(value, schema.pattern, path, report);
  if (schema.format === 'byte' && !BASE64.test(value.replaceAll(/\s/g, '')))
    report(path, 'is not base64', { expected: 'base64, or plain text under stringData' });
}

function isDurationSchema({ pattern, rules = [] }: Schema): boolean {
  return pattern?.includes(DURATION_PATTERN) === true || rules.some(({ message = '' }) => message.includes('duration'));
}

function checkPattern(value: string, pattern: string, path: string, report: Report): void {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    compiled = new RegExp(pattern.replace(/^\(\?i\)/, ''), pattern.startsWith('(?i)') ? 'i' : '');
    patterns.set(pattern, compiled);
  }
  if (compiled.test(value)) return;
  const duration = pattern.includes(DURATION_PATTERN);
  const unit = /^\d+(\.\d+)?$/.test(value) ? { suggestion: `${value}s` } : {};
  if (duration)
    report(path, `"${value}" is no duration`, {
      expected: 'hours, minutes, seconds, milliseconds, as in "1m30s"',
      ...unit,
    });
  else report(path, `"${value}" is not allowed`, { expected: `text that matches ${pattern}` });
}

function checkNumber(node: ScalarNode, schema: Schema, path: string, report: Report): void {
  const { value, text } = node;
  const whole = schema.type === 'integer';
  if (typeof value !== 'number' || (whole && !Number.isInteger(value))) {
    const quoted = typeof value === 'string' && NUMBER.test(text) ? ', without quotes' : '';
    const percent = /^\d+%$/.test(text) ? { suggestion: text.slice(0, -1) } : {};
    report(path, `is ${kindOf(node)}`, { expected: `${whole ? 'an integer' : 'a number'}${quoted}`, ...percent });
    return;
  }
  const least = schema.minimum ?? (schema.format === 'int32' ? -(2 ** 31) : -Infinity);
  const most = schema.maximum ?? (schema.format === 'int32' ? 2 ** 31 - 1 : Infinity);
  if (value < least) report(path, `${text} is too small`, { expected: `at least ${least}` });
  if (value > most) report(path, `${text} is too large`, { expected: `at most ${most}` });
}

/** A duration as Go writes it: `1h`, `1m30s`, `0.5s`. Istio's fields of that kind are texts to their schema. */
export function isDuration(text: string): boolean {
  return DURATION.test(text);
}

function kindOf({ value, text }: ScalarNode): string {
  if (value === null) return 'empty';
  if (typeof value === 'string') return `the text "${text}"`;
  return typeof value === 'number' ? `the number ${text}` : `the truth value ${text}`;
}
