import { ResponseFlag, type ResponseFlagName, type RESPONSE_FLAGS } from '@weft/core-http';
import type { FractionalPercent, Random, RuntimeSnapshot } from '@weft/core-runtime';
import { MetadataMatcher, type HeaderMatcher, type ValueMatcher } from '@weft/model-match';
import { grpcStatusOf } from './grpc-operators.ts';
import { LOG_TYPES } from './log-types.ts';
import type { LoggedStream } from './operator.ts';

/** Which streams are logged. Source: envoy.config.accesslog.v3.AccessLogFilter. */
export type AccessLogFilterConfig =
  | { readonly kind: 'status_code' | 'duration'; readonly comparison: Comparison }
  | { readonly kind: 'not_health_check' }
  | { readonly kind: 'traceable' }
  | {
      readonly kind: 'runtime';
      readonly key: string;
      readonly percent: FractionalPercent;
      /** Draws afresh for every stream, not from the request id. */
      readonly independent: boolean;
    }
  | { readonly kind: 'and' | 'or'; readonly filters: readonly AccessLogFilterConfig[] }
  | { readonly kind: 'header'; readonly matcher: HeaderMatcher }
  /** Any of these bits; 0: any flag at all. */
  | { readonly kind: 'response_flag'; readonly flags: number }
  /** `grpc_status`: numbers of google.rpc.Code; `log_type`: those of AccessLogType. `exclude`: all others. */
  | {
      readonly kind: 'grpc_status' | 'log_type';
      readonly numbers: ReadonlySet<number>;
      readonly exclude: boolean;
    }
  | {
      readonly kind: 'metadata';
      /** Where in dynamic metadata. */
      readonly filter: string;
      readonly path: readonly string[];
      /** Undefined: no value matches. */
      readonly value: ValueMatcher | undefined;
      /** What is said of streams without such a value. Default true. */
      readonly otherwise: boolean;
    };

export interface Comparison {
  readonly op: 'EQ' | 'GE' | 'LE' | 'NE';
  readonly value: number;
  /** Read from the runtime instead, where it is set. */
  readonly runtimeKey: string;
}

export type AccessLogFilter = (stream: LoggedStream) => boolean;

export interface FilterContext {
  readonly flags: RuntimeSnapshot;
  readonly random: Random;
}

// Streams carry no mark of the health_check filter yet, so every one is an ordinary request.
const EVERY: AccessLogFilter = () => true;

export function createFilter(config: AccessLogFilterConfig, context: FilterContext): AccessLogFilter {
  switch (config.kind) {
    case 'status_code':
      return ({ info }) => compare(config.comparison, info.responseCode, context.flags);
    case 'duration':
      return ({ info }) => compare(config.comparison, Math.floor(info.endMs - info.startMs), context.flags);
    case 'not_health_check':
      return EVERY;
    case 'traceable':
      return ({ info }) => /^.{14}[9ab]/.test(info.requestId);
    case 'runtime':
      return (stream) =>
        context.flags.enabled(config.key, config.percent, draw(stream, config.independent, context.random));
    case 'and': {
      const filters = config.filters.map((filter) => createFilter(filter, context));
      return (stream) => filters.every((filter) => filter(stream));
    }
    case 'or': {
      const filters = config.filters.map((filter) => createFilter(filter, context));
      return (stream) => filters.some((filter) => filter(stream));
    }
    case 'header':
      return ({ request }) => config.matcher.matches(request);
    case 'response_flag':
      return ({ info }) => (config.flags === 0 ? info.responseFlags !== 0 : (info.responseFlags & config.flags) !== 0);
    case 'grpc_status':
      return (stream) => config.numbers.has(grpcStatusOf(stream) ?? UNKNOWN) !== config.exclude;
    case 'log_type':
      return ({ info }) => config.numbers.has(LOG_TYPES[info.accessLogType]) !== config.exclude;
    case 'metadata':
      return metadataFilter(config);
  }
}

/** google.rpc.Code.UNKNOWN */
const UNKNOWN = 2;

function metadataFilter(config: Extract<AccessLogFilterConfig, { kind: 'metadata' }>): AccessLogFilter {
  const { filter, path, value, otherwise } = config;
  const judge: ValueMatcher = (found) => (found === undefined ? otherwise : value?.(found) === true);
  const matcher = new MetadataMatcher(filter, path, judge, false);
  return ({ info }) => matcher.matches(info.protocol === '' ? info.downstream.metadata : info.dynamicMetadata);
}

/** The bits of flags by their short names; undefined for the first that is none. */
export function flagBits(
  names: readonly string[],
  known: typeof RESPONSE_FLAGS,
): number | { readonly unknown: string } {
  let bits = 0;
  for (const name of names) {
    const flag = known.find((one) => one.short === name);
    if (flag === undefined) return { unknown: name };
    bits |= ResponseFlag[flag.name satisfies ResponseFlagName];
  }
  return bits;
}

function compare({ op, value, runtimeKey }: Comparison, actual: number, flags: RuntimeSnapshot): boolean {
  const bound = runtimeKey === '' ? value : flags.integer(runtimeKey, value);
  switch (op) {
    case 'EQ':
      return actual === bound;
    case 'GE':
      return actual >= bound;
    case 'LE':
      return actual <= bound;
    case 'NE':
      return actual !== bound;
  }
}

// The request id gives the same draw at every proxy, so that a sampled request is logged by all of them.
function draw({ info }: LoggedStream, independent: boolean, random: Random): number {
  const fromId = independent ? NaN : parseInt(info.requestId.slice(0, 8), 16);
  return Number.isNaN(fromId) ? random.below(0x1_0000_0000) : fromId;
}
