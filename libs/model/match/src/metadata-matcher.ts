import type { ConnectionMetadata } from '@weft/core-http';

/** A test of one JSON value; undefined is "not there". */
export type ValueMatcher = (value: unknown) => boolean;

/** A test of one value in dynamic metadata. Source: envoy.type.matcher.v3.MetadataMatcher. */
export class MetadataMatcher {
  private readonly filter: string;
  private readonly path: readonly string[];
  private readonly value: ValueMatcher;
  private readonly invert: boolean;

  constructor(filter: string, path: readonly string[], value: ValueMatcher, invert: boolean) {
    this.filter = filter;
    this.path = path;
    this.value = value;
    this.invert = invert;
  }

  matches(metadata: ConnectionMetadata | undefined): boolean {
    let at: unknown = metadata?.get(this.filter);
    for (const key of this.path) at = isRecord(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    return this.value(at) !== this.invert;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
