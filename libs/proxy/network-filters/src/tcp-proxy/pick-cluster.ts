import type { Random } from '@weft/core-runtime';
import type { TcpProxyConfig } from './config.decode.ts';

/** The cluster of one connection: drawn by weight where there are several. */
export function pickCluster({ clusters }: Pick<TcpProxyConfig, 'clusters'>, random: Random): string {
  const [first] = clusters;
  if (first !== undefined && clusters.length === 1) return first.name;
  const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
  let draw = random.below(total);
  return clusters.find(({ weight }) => (draw -= weight) < 0)?.name ?? '';
}
