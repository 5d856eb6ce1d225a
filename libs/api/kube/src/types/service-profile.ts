// Made by tools/generate-types.mjs from schemas/linkerd.json: Linkerd's ServiceProfile. Do not edit.

export interface ServiceProfileSpec {
  readonly dstOverrides?: readonly ServiceProfileDstOverride[];
  readonly opaquePorts?: readonly string[];
  readonly retryBudget?: ServiceProfileRetryBudget;
  readonly routes?: readonly ServiceProfileRoute[];
}

export interface ServiceProfileDstOverride {
  readonly authority?: string;
  readonly weight?: number | string;
}

export interface ServiceProfileRetryBudget {
  readonly minRetriesPerSecond: number;
  readonly retryRatio: number;
  readonly ttl: string;
}

export interface ServiceProfileRoute {
  readonly condition: ServiceProfileRouteCondition;
  readonly isRetryable?: boolean;
  readonly name: string;
  readonly timeout?: string;
  readonly responseClasses?: readonly ServiceProfileRouteResponseClass[];
}

export interface ServiceProfileRouteCondition {
  readonly pathRegex?: string;
  readonly method?: string;
  readonly all?: readonly Readonly<Record<string, unknown>>[];
  readonly any?: readonly Readonly<Record<string, unknown>>[];
  readonly not?: readonly Readonly<Record<string, unknown>>[];
}

export interface ServiceProfileRouteResponseClass {
  readonly condition: ServiceProfileRouteResponseClassCondition;
  readonly isFailure?: boolean;
}

export interface ServiceProfileRouteResponseClassCondition {
  readonly all?: readonly Readonly<Record<string, unknown>>[];
  readonly any?: readonly Readonly<Record<string, unknown>>[];
  readonly not?: Readonly<Record<string, unknown>>;
  readonly status?: ServiceProfileRouteResponseClassConditionStatus;
}

export interface ServiceProfileRouteResponseClassConditionStatus {
  readonly max?: number;
  readonly min?: number;
}
