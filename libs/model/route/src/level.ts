import type { HeaderMutation, HeaderMutations } from '@weft/model-policy';

/** What a table, a virtual host, a route and a weighted cluster have in common: each may change headers and filters. */
export interface Level {
  readonly request: HeaderMutation;
  readonly response: HeaderMutation;
  readonly filterConfigs: ReadonlyMap<string, unknown>;
}

/** The levels' mutations, most specific first; the other way round where the most specific one is to win. */
export function orderMutations(mutations: readonly HeaderMutation[], mostSpecificWins: boolean): HeaderMutations {
  const present = mutations.filter(({ add, remove }) => add.length + remove.length > 0);
  return mostSpecificWins ? present.reverse() : present;
}

/** One map of the levels' filter configurations; `levels` has the most specific first, whose entries win. */
export function mergeFilterConfigs(levels: readonly ReadonlyMap<string, unknown>[]): ReadonlyMap<string, unknown> {
  const present = levels.filter((level) => level.size > 0);
  if (present.length <= 1) return present[0] ?? new Map();
  const merged = new Map<string, unknown>();
  for (const level of present.toReversed())
    for (const [name, config] of level)
      merged.set(name, isAdding(config) && merged.has(name) ? config.over(merged.get(name)) : config);
  return merged;
}

/** A filter's configuration that keeps something of what less specific levels say; of all others the most specific wins. */
export interface AddingFilterConfig {
  /** What holds where both are set. */
  over(lessSpecific: unknown): unknown;
}

function isAdding(config: unknown): config is AddingFilterConfig {
  return typeof config === 'object' && config !== null && 'over' in config && typeof config.over === 'function';
}
