import type { ConfigSource } from '@weft/model-config-source';
import type { Authorities } from './authorities.ts';
import type { SubscriptionRequest } from './subscription-factory.ts';

/** Which kinds of sources a proxy has. */
export interface KnownSources {
  /** There is an aggregated stream. */
  readonly hasAds: boolean;
  /** There is a way to poll. */
  readonly hasRest: boolean;
  readonly authorities?: Authorities | undefined;
}

/** The source that a request comes to: names of an authority have their own. */
export function sourceFor(
  { source, names }: Pick<SubscriptionRequest, 'source' | 'names'>,
  authorities: Authorities | undefined,
): ConfigSource {
  const [first] = names === 'wildcard' ? [] : names;
  return (first === undefined ? undefined : authorities?.sourceOf(first)) ?? source;
}

/** @throws Error for a source that cannot be had: `ads` without `ads_config`, REST without a way to fetch */
export function requireSource(
  request: Pick<SubscriptionRequest, 'source' | 'names'>,
  { hasAds, hasRest, authorities }: KnownSources,
): ConfigSource {
  const source = sourceFor(request, authorities);
  if (source.kind === 'file') return source;
  if (source.kind !== 'api' && !hasAds)
    throw new Error('there is no aggregated stream: dynamic_resources.ads_config is missing');
  if (source.kind === 'api' && source.apiType === 'REST' && !hasRest) throw new Error('REST sources are not available');
  return source;
}
