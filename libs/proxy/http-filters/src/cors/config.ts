import type { FractionalPercent } from '@weft/core-runtime';
import type { StringMatcher } from '@weft/model-match';

export interface Share {
  readonly key: string;
  readonly fraction: FractionalPercent;
}

/** What a policy says; undefined where it leaves it to a less specific one. */
export interface CorsFields {
  readonly allowOrigins: readonly StringMatcher[] | undefined;
  readonly allowMethods: string | undefined;
  readonly allowHeaders: string | undefined;
  readonly exposeHeaders: string | undefined;
  readonly maxAge: string | undefined;
  readonly allowCredentials: boolean | undefined;
  readonly allowPrivateNetwork: boolean | undefined;
  readonly forwardNotMatchingPreflights: boolean | undefined;
}

/** Whom a route answers across origins. Source: envoy.extensions.filters.http.cors.v3.CorsPolicy. */
export class CorsPolicy {
  readonly fields: CorsFields;
  /** Undefined: every request. */
  readonly enabled: Share | undefined;
  /** Requests that are only counted. Undefined: none. */
  readonly shadow: Share | undefined;

  constructor(fields: CorsFields, enabled: Share | undefined, shadow: Share | undefined) {
    this.fields = fields;
    this.enabled = enabled;
    this.shadow = shadow;
  }

  /** Field by field the more specific policy wins; which requests it is about, it alone says. */
  over(lessSpecific: unknown): CorsPolicy {
    if (!(lessSpecific instanceof CorsPolicy)) return this;
    const { fields: own } = this;
    const { fields: theirs } = lessSpecific;
    const fields: CorsFields = {
      allowOrigins: own.allowOrigins ?? theirs.allowOrigins,
      allowMethods: own.allowMethods ?? theirs.allowMethods,
      allowHeaders: own.allowHeaders ?? theirs.allowHeaders,
      exposeHeaders: own.exposeHeaders ?? theirs.exposeHeaders,
      maxAge: own.maxAge ?? theirs.maxAge,
      allowCredentials: own.allowCredentials ?? theirs.allowCredentials,
      allowPrivateNetwork: own.allowPrivateNetwork ?? theirs.allowPrivateNetwork,
      forwardNotMatchingPreflights: own.forwardNotMatchingPreflights ?? theirs.forwardNotMatchingPreflights,
    };
    return new CorsPolicy(fields, this.enabled, this.shadow);
  }

  /** A matcher that takes `*` takes every origin. */
  allows(origin: string): boolean {
    return this.fields.allowOrigins?.some((matcher) => matcher.matches('*') || matcher.matches(origin)) === true;
  }
}
