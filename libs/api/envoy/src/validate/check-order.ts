import { listed } from '../read-scalar.ts';
import { given, type Check } from './check.ts';

/** Rules that all ordered types share: numbers, durations and times, the latter as nanoseconds. */
export interface OrderRules {
  readonly const?: bigint | number;
  readonly lt?: bigint | number;
  readonly lte?: bigint | number;
  readonly gt?: bigint | number;
  readonly gte?: bigint | number;
  readonly in: readonly (bigint | number)[];
  readonly notIn: readonly (bigint | number)[];
}

type Show = (value: bigint | number) => string;

/** The check of `rules`; `show` writes values as configuration has them. */
export function checkOrder(rules: OrderRules, show: Show = String): Check {
  const expected = rangeOf(rules, show);
  return (value, tell) => {
    const number = value as bigint | number;
    if (rules.const !== undefined && number !== rules.const)
      tell(`is ${show(number)}`, { expected: show(rules.const) });
    if (rules.in.length > 0 && !rules.in.includes(number))
      tell(`is ${show(number)}`, { expected: listed(rules.in.map(show)) });
    if (rules.notIn.includes(number))
      tell(`is ${show(number)}`, { expected: `none of ${rules.notIn.map(show).join(', ')}` });
    if (!inRange(number, rules)) tell(`${show(number)} is out of range`, { expected });
  };
}

/** The rules of one of PGV's number messages. */
export function orderRules(rules: NumberRules): OrderRules {
  const bounds: { -readonly [K in keyof OrderRules]: OrderRules[K] } = { in: rules.in, notIn: rules.notIn };
  for (const key of ['const', 'lt', 'lte', 'gt', 'gte'] as const) {
    const bound = given(rules, key);
    if (bound !== undefined) bounds[key] = bound;
  }
  return bounds;
}

export interface NumberRules {
  readonly const: bigint | number;
  readonly lt: bigint | number;
  readonly lte: bigint | number;
  readonly gt: bigint | number;
  readonly gte: bigint | number;
  readonly in: readonly (bigint | number)[];
  readonly notIn: readonly (bigint | number)[];
}

/** A lower bound above the upper one means: not between the two. */
function inRange(value: bigint | number, { lt, lte, gt, gte }: OrderRules): boolean {
  const low = (gt === undefined || value > gt) && (gte === undefined || value >= gte);
  const high = (lt === undefined || value < lt) && (lte === undefined || value <= lte);
  const least = gt ?? gte;
  const most = lt ?? lte;
  return least !== undefined && most !== undefined && most < least ? low || high : low && high;
}

function rangeOf({ lt, lte, gt, gte }: OrderRules, show: Show): string {
  if (gte !== undefined && lte !== undefined && gte <= lte) return `from ${show(gte)} to ${show(lte)}`;
  const parts: string[] = [];
  if (gte !== undefined) parts.push(`at least ${show(gte)}`);
  if (gt !== undefined) parts.push(`more than ${show(gt)}`);
  if (lte !== undefined) parts.push(`at most ${show(lte)}`);
  if (lt !== undefined) parts.push(`less than ${show(lt)}`);
  const least = gt ?? gte;
  const most = lt ?? lte;
  return parts.join(least !== undefined && most !== undefined && most < least ? ' or ' : ' and ');
}
