import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';
import { given, type Check } from './check.ts';
import { checkOrder, type OrderRules } from './check-order.ts';

/** A duration or a time as nanoseconds. */
export function nanoseconds(value: Duration | Timestamp): bigint {
  return value.seconds * 1_000_000_000n + BigInt(value.nanos);
}

/** `0.25s` */
export function showDuration(value: bigint | number): string {
  const total = BigInt(value);
  const magnitude = total < 0n ? -total : total;
  const fraction = String(magnitude % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${total < 0n ? '-' : ''}${magnitude / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}s`;
}

function showTime(value: bigint | number): string {
  return `${showDuration(value)} from 1970`;
}

interface TimeRules<T> {
  readonly const?: T | undefined;
  readonly lt?: T | undefined;
  readonly lte?: T | undefined;
  readonly gt?: T | undefined;
  readonly gte?: T | undefined;
  readonly in?: readonly T[];
  readonly notIn?: readonly T[];
}

/** The rules on a duration. */
export function checkDuration(rules: TimeRules<Duration>): Check {
  return onNanoseconds(checkOrder(bounds(rules), showDuration));
}

/** The rules on a time, as far as they need no clock: no rule of the API does. */
export function checkTimestamp(rules: TimeRules<Timestamp>): Check {
  return onNanoseconds(checkOrder(bounds(rules), showTime));
}

function onNanoseconds(check: Check): Check {
  return (value, tell) => check(nanoseconds(value as Duration), tell);
}

function bounds(rules: TimeRules<Duration | Timestamp>): OrderRules {
  const order: { -readonly [K in keyof OrderRules]: OrderRules[K] } = {
    in: (rules.in ?? []).map(nanoseconds),
    notIn: (rules.notIn ?? []).map(nanoseconds),
  };
  for (const key of ['const', 'lt', 'lte', 'gt', 'gte'] as const) {
    const bound = given(rules, key);
    if (bound !== undefined) order[key] = nanoseconds(bound);
  }
  return order;
}
