/** A share such as 25 of 100, or 1 of 1,000,000. Source: envoy.type.v3.FractionalPercent. */
export interface FractionalPercent {
  readonly numerator: number;
  readonly denominator: 100 | 10_000 | 1_000_000;
}

/**
 * The keys that an operator may change while the proxy runs (`layered_runtime`, POST /runtime_modify). Reading is a look-up
 * in a map; a value that is not a number counts as absent, as in Envoy.
 */
export interface RuntimeSnapshot {
  /** The value as text, from the last layer that has the key. */
  get(key: string): string | undefined;
  integer(key: string, otherwise: number): number;
  boolean(key: string, otherwise: boolean): boolean;
  /**
   * True for the share of `draw`s that `key` (a percentage, or a FractionalPercent in JSON) or else `otherwise` says.
   * `draw` is a uniform integer of 32 bits.
   */
  enabled(key: string, otherwise: FractionalPercent, draw: number): boolean;
}
