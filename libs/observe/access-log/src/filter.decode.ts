import { mergeSupport, nearest, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type {
  AccessLogFilter,
  ComparisonFilter,
  MetadataFilter,
  RuntimeFilter,
} from '@weft/api-envoy/gen/envoy/config/accesslog/v3/accesslog_pb';
import { RESPONSE_FLAGS } from '@weft/core-http';
import { decodeHeaderMatcher, decodeValueMatcher, metadataMatcherSupport } from '@weft/model-match';
import { flagBits, type AccessLogFilterConfig, type Comparison } from './filter.ts';

const PACKAGE = 'envoy.config.accesslog.v3';

const ownSupport: FieldSupport = {
  [`${PACKAGE}.AccessLogFilter`]: [
    'status_code_filter',
    'duration_filter',
    'not_health_check_filter',
    'traceable_filter',
    'runtime_filter',
    'and_filter',
    'or_filter',
    'header_filter',
    'response_flag_filter',
    'grpc_status_filter',
    'log_type_filter',
    'metadata_filter',
  ],
  [`${PACKAGE}.StatusCodeFilter`]: ['comparison'],
  [`${PACKAGE}.DurationFilter`]: ['comparison'],
  [`${PACKAGE}.ComparisonFilter`]: ['op', 'value'],
  [`${PACKAGE}.NotHealthCheckFilter`]: [],
  [`${PACKAGE}.TraceableFilter`]: [],
  [`${PACKAGE}.RuntimeFilter`]: ['runtime_key', 'percent_sampled', 'use_independent_randomness'],
  [`${PACKAGE}.AndFilter`]: ['filters'],
  [`${PACKAGE}.OrFilter`]: ['filters'],
  [`${PACKAGE}.HeaderFilter`]: ['header'],
  [`${PACKAGE}.ResponseFlagFilter`]: ['flags'],
  [`${PACKAGE}.GrpcStatusFilter`]: ['statuses', 'exclude'],
  [`${PACKAGE}.LogTypeFilter`]: ['types', 'exclude'],
  [`${PACKAGE}.MetadataFilter`]: ['matcher', 'match_if_key_not_found'],
  'envoy.config.core.v3.RuntimeUInt32': ['default_value', 'runtime_key'],
  'envoy.type.v3.FractionalPercent': ['numerator', 'denominator'],
};

export const filterSupport: FieldSupport = mergeSupport([ownSupport, metadataMatcherSupport]);

const OPERATIONS = ['EQ', 'GE', 'LE', 'NE'] as const;
const DENOMINATORS = [100, 10_000, 1_000_000] as const;

/** Faults go to `cx`. */
export function decodeFilter(
  { filterSpecifier }: AccessLogFilter,
  cx: DecodeContext,
): AccessLogFilterConfig | undefined {
  const { case: kind, value } = filterSpecifier;
  switch (kind) {
    case 'statusCodeFilter':
      return decodeComparison('status_code', value.comparison, cx.at('status_code_filter', 'comparison'));
    case 'durationFilter':
      return decodeComparison('duration', value.comparison, cx.at('duration_filter', 'comparison'));
    case 'notHealthCheckFilter':
      return { kind: 'not_health_check' };
    case 'traceableFilter':
      return { kind: 'traceable' };
    case 'runtimeFilter':
      return decodeRuntime(value);
    case 'andFilter':
      return { kind: 'and', filters: decodeFilters(value.filters, cx.at('and_filter', 'filters')) };
    case 'orFilter':
      return { kind: 'or', filters: decodeFilters(value.filters, cx.at('or_filter', 'filters')) };
    case 'headerFilter': {
      const place = cx.at('header_filter', 'header');
      if (value.header === undefined) place.error('is missing');
      const matcher = value.header === undefined ? undefined : decodeHeaderMatcher(value.header, place);
      return matcher === undefined ? undefined : { kind: 'header', matcher };
    }
    case 'responseFlagFilter':
      return decodeFlags(value.flags, cx.at('response_flag_filter', 'flags'));
    case 'grpcStatusFilter':
      return { kind: 'grpc_status', numbers: new Set(value.statuses), exclude: value.exclude };
    case 'logTypeFilter':
      return { kind: 'log_type', numbers: new Set(value.types), exclude: value.exclude };
    case 'metadataFilter':
      return decodeMetadata(value, cx.at('metadata_filter', 'matcher'));
    default:
      if (kind === undefined) cx.error('is empty', { expected: 'one of the filters' });
      else cx.later(kind);
      return undefined;
  }
}

function decodeFilters(messages: readonly AccessLogFilter[], cx: DecodeContext): AccessLogFilterConfig[] {
  return messages.flatMap((message, i) => decodeFilter(message, cx.at(i)) ?? []);
}

function decodeComparison(
  kind: 'status_code' | 'duration',
  message: ComparisonFilter | undefined,
  cx: DecodeContext,
): AccessLogFilterConfig | undefined {
  if (message?.value === undefined) {
    cx.error('is missing', { expected: 'op and value' });
    return undefined;
  }
  const comparison: Comparison = {
    op: OPERATIONS[message.op] ?? 'EQ',
    value: message.value.defaultValue,
    runtimeKey: message.value.runtimeKey,
  };
  return { kind, comparison };
}

function decodeRuntime(message: RuntimeFilter): AccessLogFilterConfig {
  const percent = message.percentSampled;
  return {
    kind: 'runtime',
    key: message.runtimeKey,
    percent: { numerator: percent?.numerator ?? 0, denominator: DENOMINATORS[percent?.denominator ?? 0] ?? 100 },
    independent: message.useIndependentRandomness,
  };
}

function decodeMetadata({ matcher, matchIfKeyNotFound }: MetadataFilter, cx: DecodeContext): AccessLogFilterConfig {
  const path = matcher?.path.map(({ segment }) => (segment.case === 'key' ? segment.value : '')) ?? [];
  const value = matcher?.value === undefined ? undefined : decodeValueMatcher(matcher.value, cx.at('value'));
  return { kind: 'metadata', filter: matcher?.filter ?? '', path, value, otherwise: matchIfKeyNotFound ?? true };
}

function decodeFlags(names: readonly string[], cx: DecodeContext): AccessLogFilterConfig | undefined {
  const flags = flagBits(names, RESPONSE_FLAGS);
  if (typeof flags === 'number') return { kind: 'response_flag', flags };
  const suggestion = nearest(
    flags.unknown,
    RESPONSE_FLAGS.map((flag) => flag.short),
  );
  cx.at(names.indexOf(flags.unknown)).error(
    `unknown response flag "${flags.unknown}"`,
    suggestion === undefined ? {} : { suggestion },
  );
  return undefined;
}
