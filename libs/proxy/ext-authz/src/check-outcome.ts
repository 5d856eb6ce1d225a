import type { AppendAction } from '@weft/model-policy';

/** One change of a header that the service asks for. */
export interface HeaderChange {
  /** As the service wrote it. */
  readonly name: string;
  readonly value: string;
  /** APPEND_IF_EXISTS: joined by a comma to the value that is there. */
  readonly action: AppendAction | 'APPEND_IF_EXISTS';
}

/** What a service decided. Source: envoy.service.auth.v3.CheckResponse. */
export type CheckOutcome = {
  /** For filters behind this one, and for logs. Undefined: none. */
  readonly dynamicMetadata: Readonly<Record<string, unknown>> | undefined;
  /** A change named an action that the API does not have. */
  readonly invalidAction: boolean;
} & (
  | {
      readonly kind: 'ok';
      /** Of the request, in their order. */
      readonly changes: readonly HeaderChange[];
      readonly remove: readonly string[];
      /** Of the response. */
      readonly responseChanges: readonly HeaderChange[];
      readonly setQuery: readonly (readonly [name: string, value: string])[];
      readonly removeQuery: readonly string[];
    }
  | {
      readonly kind: 'denied';
      readonly status: number;
      /** Of the answer. */
      readonly changes: readonly HeaderChange[];
      readonly body: Buffer;
    }
  | {
      readonly kind: 'error';
      /** 0: as the filter is configured. */
      readonly status: number;
      readonly changes: readonly HeaderChange[];
      readonly body: Buffer;
    }
);

const NO_BODY = Buffer.alloc(0);

/** The service could not be asked. */
export const CHECK_FAILED: CheckOutcome = {
  kind: 'error',
  status: 0,
  changes: [],
  body: NO_BODY,
  dynamicMetadata: undefined,
  invalidAction: false,
};
