import type { FaultHint } from '@weft/core-config-text';

/** Says what is wrong with the value at hand. */
export type Tell = (message: string, hint?: FaultHint) => void;

/** One rule, compiled: told of a value, it says what is wrong with it. */
export type Check = (value: unknown, tell: Tell) => void;

/** A rule that is given, or undefined: proto2 fields of their own default else. */
export function given<R extends object, K extends keyof R>(rules: R, key: K): R[K] | undefined {
  return Object.hasOwn(rules, key) ? rules[key] : undefined;
}

/** Runs checks only on what is not the zero value: PGV's `ignore_empty`. */
export function unlessEmpty(check: Check, isEmpty: (value: unknown) => boolean): Check {
  return (value, tell) => {
    if (!isEmpty(value)) check(value, tell);
  };
}
