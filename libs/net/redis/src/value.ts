/** A value in one line: a status, an error, or a number, which stays text. */
export interface RespText {
  readonly kind: 'simple' | 'error' | 'integer' | 'double' | 'boolean' | 'bignum';
  /** A byte for each character. */
  readonly text: string;
}

/** A value of counted bytes. `verbatim` begins with its format (`txt:`). */
export interface RespBytes {
  readonly kind: 'bulk' | 'bulkError' | 'verbatim';
  readonly bytes: Buffer;
}

/** Values in a row; of a map keys and values in turn. */
export interface RespAggregate {
  readonly kind: 'array' | 'set' | 'push' | 'map';
  readonly items: readonly RespValue[];
}

/** Nothing. RESP2 writes it as a bulk or an array of length -1, RESP3 as a type of its own. */
export interface RespNull {
  readonly kind: 'null';
  readonly form: 'bulk' | 'array' | 'resp3';
}

/** One value of the protocol. Source: the Redis serialization protocol specification, versions 2 and 3. */
export type RespValue = RespText | RespBytes | RespAggregate | RespNull;

export const NULL_BULK: RespNull = { kind: 'null', form: 'bulk' };
export const NULL_RESP3: RespNull = { kind: 'null', form: 'resp3' };

export function simple(text: string): RespText {
  return { kind: 'simple', text };
}
export function errorOf(text: string): RespText {
  return { kind: 'error', text };
}
export function integer(value: number | bigint): RespText {
  return { kind: 'integer', text: String(value) };
}
export function bulk(bytes: Buffer | string): RespBytes {
  return { kind: 'bulk', bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes };
}
export function arrayOf(items: readonly RespValue[]): RespAggregate {
  return { kind: 'array', items };
}
