import type { FractionalPercent, RuntimeSnapshot } from '@weft/core-runtime';
import type { ConfigSource } from '@weft/model-config-source';

/** A value as runtime layers hold it: text, numbers, booleans, or a FractionalPercent in JSON. */
export type RuntimeValues = ReadonlyMap<string, string>;

export interface RuntimeLayer {
  readonly name: string;
  readonly kind: 'static' | 'admin' | 'rtds';
  values: RuntimeValues;
  /** Of `rtds`: where its values come from, and under which name. */
  readonly discovery?: { readonly name: string; readonly source: ConfigSource };
}

/**
 * The layered runtime: the last layer that has a key wins. Readers look up one merged map, remade when a layer changes.
 * Source: envoy.config.bootstrap.v3.LayeredRuntime.
 */
export class RuntimeLayers implements RuntimeSnapshot {
  private readonly list: readonly RuntimeLayer[];
  private merged = new Map<string, string>();

  constructor(layers: readonly RuntimeLayer[]) {
    this.list = layers;
    this.merge();
  }

  get(key: string): string | undefined {
    return this.merged.get(key);
  }

  integer(key: string, otherwise: number): number {
    if (this.merged.size === 0) return otherwise;
    const text = this.merged.get(key);
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : otherwise;
  }

  boolean(key: string, otherwise: boolean): boolean {
    const text = this.merged.get(key);
    return text === 'true' ? true : text === 'false' ? false : otherwise;
  }

  enabled(key: string, otherwise: FractionalPercent, draw: number): boolean {
    const share = this.fraction(key) ?? otherwise;
    return draw % share.denominator < share.numerator;
  }

  private fraction(key: string): FractionalPercent | undefined {
    const text = this.merged.size === 0 ? undefined : this.merged.get(key);
    if (text === undefined) return undefined;
    if (/^\d+$/.test(text)) return { numerator: Number(text), denominator: 100 };
    const match = /"numerator":(\d+)(?:.*"denominator":"(HUNDRED|TEN_THOUSAND|MILLION)")?/.exec(text);
    if (match === null) return undefined;
    const denominators = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 } as const;
    return {
      numerator: Number(match[1]),
      denominator: denominators[(match[2] ?? 'HUNDRED') as keyof typeof denominators],
    };
  }

  // ---- for the admin server ----

  get layers(): readonly string[] {
    return this.list.map((layer) => layer.name);
  }

  entries(): { key: string; finalValue: string; layerValues: string[] }[] {
    return [...this.merged.keys()].sort().map((key) => ({
      key,
      finalValue: this.merged.get(key) as string,
      layerValues: this.list.map((layer) => layer.values.get(key) ?? ''),
    }));
  }

  modify(values: ReadonlyMap<string, string>): string | undefined {
    const admin = this.list.find((layer) => layer.kind === 'admin');
    if (admin === undefined) return 'No admin layer specified';
    const next = new Map(admin.values);
    for (const [key, value] of values) {
      if (value === '') next.delete(key);
      else next.set(key, value);
    }
    admin.values = next;
    this.merge();
    return undefined;
  }

  /** RTDS: the values of a layer, from now on. */
  replace(layer: RuntimeLayer, values: RuntimeValues): void {
    layer.values = values;
    this.merge();
  }

  private merge(): void {
    this.merged = new Map(this.list.flatMap((layer) => [...layer.values]));
  }
}

/** Flattens a Struct as JSON into runtime keys: nested objects become dotted names. A FractionalPercent stays whole. */
export function flattenRuntime(value: unknown, prefix = ''): [string, string][] {
  if (value === null || value === undefined) return [];
  if (typeof value !== 'object') return [[prefix, String(value)]];
  if ('numerator' in value) return [[prefix, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) =>
    flattenRuntime(inner, prefix === '' ? key : `${prefix}.${key}`),
  );
}
