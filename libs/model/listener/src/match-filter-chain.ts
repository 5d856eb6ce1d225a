import { parseIp, type CidrRange, type IpAddress } from '@weft/model-match';
import type { FilterChainConfig, ListenerConfig } from './listener.ts';

/** What filter chains are matched on. */
export interface ConnectionFacts {
  readonly destinationIp: string;
  readonly destinationPort: number;
  readonly sourceIp: string;
  readonly sourcePort: number;
}

/**
 * The filter chain for a connection: criteria in Envoy's order (destination port, destination IP, source IP, source port),
 * at each the most specific one that matches; the default chain where none does. Source: FilterChainMatch v3.
 */
export function matchFilterChain<F>(
  listener: ListenerConfig<F>,
  facts: ConnectionFacts,
): FilterChainConfig<F> | undefined {
  const { chains } = listener;
  // Nearly every listener has one chain that takes all.
  if (chains.length === 1 && takesAll(chains[0] as FilterChainConfig<F>)) return chains[0];
  let left = narrow(chains, (chain) => portRank(chain.match.destinationPort, facts.destinationPort));
  const destination = parseIp(facts.destinationIp);
  const source = parseIp(facts.sourceIp);
  left = narrow(left, (chain) => rangeRank(chain.match.prefixRanges, destination));
  left = narrow(left, (chain) => rangeRank(chain.match.sourcePrefixRanges, source));
  left = narrow(left, ({ match }) =>
    match.sourcePorts.length === 0 ? 0 : match.sourcePorts.includes(facts.sourcePort) ? 1 : -1,
  );
  return left[0] ?? listener.defaultChain;
}

function takesAll(chain: FilterChainConfig<unknown>): boolean {
  const { destinationPort, prefixRanges, sourcePrefixRanges, sourcePorts } = chain.match;
  return destinationPort === undefined && prefixRanges.length + sourcePrefixRanges.length + sourcePorts.length === 0;
}

/** Keeps the chains with the highest rank; a rank below 0 does not match at all. */
function narrow<F>(
  chains: readonly FilterChainConfig<F>[],
  rank: (chain: FilterChainConfig<F>) => number,
): readonly FilterChainConfig<F>[] {
  const ranks = chains.map(rank);
  const best = Math.max(-1, ...ranks);
  return best < 0 ? [] : chains.filter((_, i) => ranks[i] === best);
}

function portRank(wanted: number | undefined, port: number): number {
  return wanted === undefined ? 0 : wanted === port ? 1 : -1;
}

function rangeRank(ranges: readonly CidrRange[], address: IpAddress | undefined): number {
  if (ranges.length === 0) return 0;
  if (address === undefined) return -1;
  return Math.max(-1, ...ranges.filter((range) => range.contains(address)).map((range) => range.length + 1));
}
