import { nearest } from '@weft/api-envoy';
import { LATER_OPERATORS } from './later-operators.ts';
import { checkOperator, findOperator, OPERATORS } from './operators.ts';

/** A part of a format: text as it is, or an operator with its argument and its longest length. */
export type FormatPart =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'operator';
      readonly name: string;
      readonly argument: string;
      /** Characters; undefined: no limit. */
      readonly maxLength: number | undefined;
    };

/** What is wrong with a format string. */
export interface FormatFault {
  readonly message: string;
  readonly expected?: string;
  readonly suggestion?: string;
  /** Right for Envoy, and an operator that Weft does not have yet: `message` is its name. */
  readonly later?: true;
}

// An argument may have percent signs in it (START_TIME), so it ends at the parenthesis, not at the next percent sign.
const COMMAND = /%(?:%|([A-Z_0-9]+)(?:\(([^)]*)\))?(?::(\d+))?%)/y;

/** Takes a format string apart. Faults are collected: a format with any must not be used. */
export function parseFormat(format: string): { parts: FormatPart[]; faults: FormatFault[] } {
  const parts: FormatPart[] = [];
  const faults: FormatFault[] = [];
  let at = 0;
  while (at < format.length) {
    const percent = format.indexOf('%', at);
    if (percent !== at) {
      const end = percent < 0 ? format.length : percent;
      addText(parts, format.slice(at, end));
      at = end;
      continue;
    }
    COMMAND.lastIndex = at;
    const match = COMMAND.exec(format);
    if (match === null) {
      faults.push({
        message: `has no valid operator at character ${at + 1} ("${format.slice(at, at + 24)}")`,
        expected: '%OPERATOR(argument):length%, or %% for a percent sign',
      });
      return { parts, faults };
    }
    const [text, name, argument, length] = match;
    at += text.length;
    if (name === undefined) {
      addText(parts, '%');
      continue;
    }
    const fault = check(name, argument, length);
    if (fault !== undefined) faults.push(fault);
    else
      parts.push({
        kind: 'operator',
        name,
        argument: argument ?? '',
        maxLength: length === undefined ? undefined : Number(length),
      });
  }
  return { parts, faults };
}

function addText(parts: FormatPart[], text: string): void {
  const last = parts.at(-1);
  if (last?.kind === 'text') parts[parts.length - 1] = { kind: 'text', text: last.text + text };
  else parts.push({ kind: 'text', text });
}

function check(name: string, argument: string | undefined, length: string | undefined): FormatFault | undefined {
  const operator = findOperator(name);
  if (operator === undefined && LATER_OPERATORS.has(name)) return { message: `the operator ${name}`, later: true };
  const message = checkOperator(name, argument, length);
  if (message === undefined) return undefined;
  const suggestion = operator === undefined ? nearest(name, Object.keys(OPERATORS)) : undefined;
  if (suggestion !== undefined) return { message, suggestion };
  return message.endsWith(' needs an argument') ? { message, expected: `%${name}(…)%` } : { message };
}
