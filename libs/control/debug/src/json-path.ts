import type { JsonObject, JsonValue } from '@bufbuild/protobuf';

/** The value below some names; undefined where one is missing. */
export function valueAt(json: JsonValue | undefined, ...names: readonly string[]): JsonValue | undefined {
  let value = json;
  for (const name of names) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = value[name];
  }
  return value;
}

/** `{}` where there is none. */
export function objectAt(json: JsonValue | undefined, ...names: readonly string[]): JsonObject {
  const value = valueAt(json, ...names);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

/** `[]` where there is none. */
export function listAt(json: JsonValue | undefined, ...names: readonly string[]): readonly JsonValue[] {
  const value = valueAt(json, ...names);
  return Array.isArray(value) ? value : [];
}

/** `''` where there is none; numbers and booleans as text. */
export function textAt(json: JsonValue | undefined, ...names: readonly string[]): string {
  const value = valueAt(json, ...names);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
