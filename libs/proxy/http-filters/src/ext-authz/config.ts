import type { FractionalPercent } from '@weft/core-runtime';
import type { GrpcService } from '@weft/model-config-source';
import type { StringMatcher } from '@weft/model-match';
import type { HeaderMutation, RetryPolicy } from '@weft/model-policy';
import type { MetadataMatcher } from '@weft/model-rbac';
import type { AddingFilterConfig } from '@weft/model-route';
import type { MutationRules } from './mutation-rules.ts';

/** A test of a header's name, in lower case. */
export type NameTest = (name: string) => boolean;

/** Source: HttpService. */
export interface HttpServiceConfig {
  readonly kind: 'http';
  readonly cluster: string;
  /** How long one question may take, in milliseconds; 0: no limit. */
  readonly timeoutMs: number;
  /** Before the request's path; `''` without. */
  readonly pathPrefix: string;
  /** In place of the request's path; `''` without. */
  readonly pathOverride: string;
  /** Undefined: a question is asked once. */
  readonly retry: RetryPolicy | undefined;
  /** `authorization_request.headers_to_add`. */
  readonly addHeaders: HeaderMutation;
  /** Headers of an allowing answer that go to the upstream: in place of the request's, or beside them. */
  readonly upstream: NameTest;
  readonly upstreamAppend: NameTest;
  /** Headers of an allowing answer that become dynamic metadata, and those that go to the client. */
  readonly dynamicMetadata: NameTest;
  readonly clientOnSuccess: NameTest;
  /** Headers of a denying answer that go to the client. */
  readonly client: NameTest;
}

/** Whom to ask: a gRPC service, each question within `timeoutMs` (0: no limit), or an HTTP service. */
export type ServiceConfig =
  { readonly kind: 'grpc'; readonly service: GrpcService; readonly timeoutMs: number } | HttpServiceConfig;

/** Source: BufferSettings. */
export interface BodyConfig {
  readonly maxBytes: number;
  /** What is longer is told in part, rather than refused. */
  readonly allowPartial: boolean;
}

/** Source: envoy.extensions.filters.http.ext_authz.v3.ExtAuthz. */
export interface ExtAuthzConfig {
  readonly service: ServiceConfig;
  readonly failureModeAllow: boolean;
  readonly failureModeAllowHeaderAdd: boolean;
  /** Undefined: bodies are not told. */
  readonly body: BodyConfig | undefined;
  readonly bodyAsBytes: boolean;
  /** Undefined: every header of a request may be changed. */
  readonly mutationRules: MutationRules | undefined;
  readonly clearRouteCache: boolean;
  /** Only changes of these clear the route; empty: every change. */
  readonly clearRouteCacheHeaders: ReadonlySet<string>;
  readonly statusOnError: number;
  readonly validateMutations: boolean;
  readonly metadataNamespaces: readonly string[];
  readonly routeMetadataNamespaces: readonly string[];
  readonly ingestDynamicMetadata: boolean;
  /** Undefined: always enabled. */
  readonly enabled: { readonly key: string; readonly fraction: FractionalPercent } | undefined;
  readonly enabledMetadata: MetadataMatcher | undefined;
  /** What happens to requests where the filter is not enabled. Undefined: they pass. */
  readonly denyAtDisable: { readonly key: string; readonly byDefault: boolean } | undefined;
  readonly includePeerCertificate: boolean;
  readonly includeTlsSession: boolean;
  readonly statPrefix: string;
  readonly labelsKey: string;
  /** Undefined: every header is told. */
  readonly allowedHeaders: NameTest | undefined;
  readonly disallowedHeaders: NameTest | undefined;
  readonly rawHeaders: boolean;
  readonly chargeClusterResponseStats: boolean;
  /** 0: no limit. */
  readonly maxDeniedBodyBytes: number;
}

/** Source: ExtAuthzPerRoute. The most specific one decides; context extensions add up. */
export class ExtAuthzRouteConfig implements AddingFilterConfig {
  readonly disabled: boolean;
  readonly contextExtensions: Readonly<Record<string, string>>;
  readonly disableBodyBuffering: boolean;
  /** In place of the filter's own. */
  readonly body: BodyConfig | undefined;
  readonly service: ServiceConfig | undefined;

  constructor(fields: Omit<ExtAuthzRouteConfig, 'over'>) {
    this.disabled = fields.disabled;
    this.contextExtensions = fields.contextExtensions;
    this.disableBodyBuffering = fields.disableBodyBuffering;
    this.body = fields.body;
    this.service = fields.service;
  }

  over(lessSpecific: unknown): unknown {
    if (!(lessSpecific instanceof ExtAuthzRouteConfig)) return this;
    const contextExtensions = { ...lessSpecific.contextExtensions, ...this.contextExtensions };
    return new ExtAuthzRouteConfig({ ...this, contextExtensions });
  }
}

/** True where one of the matchers matches. */
export function anyName(matchers: readonly StringMatcher[]): NameTest {
  return (name) => matchers.some((matcher) => matcher.matches(name));
}
