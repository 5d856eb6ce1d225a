import type { ConfigSource } from '@weft/model-config-source';
import { parseXdstp } from '@weft/model-config-source';

/** Which source serves the names of which authority. Source: Bootstrap.config_sources, default_config_source. */
export interface Authorities {
  /** Undefined where the name has no authority, or one that nobody serves. */
  sourceOf(name: string): ConfigSource | undefined;
}

export interface AuthoritySource {
  /** `ConfigSource.authorities` */
  readonly authorities: readonly string[];
  readonly source: ConfigSource;
}

/** Of two sources for one authority the first counts. `otherwise` serves every authority that none of them names. */
export function createAuthorities(
  sources: readonly AuthoritySource[],
  otherwise: ConfigSource | undefined,
): Authorities {
  const byAuthority = new Map<string, ConfigSource>();
  for (const { authorities, source } of sources)
    for (const authority of authorities) if (!byAuthority.has(authority)) byAuthority.set(authority, source);
  return {
    sourceOf: (name) => {
      const parsed = parseXdstp(name);
      return parsed === undefined ? undefined : (byAuthority.get(parsed.authority) ?? otherwise);
    },
  };
}
