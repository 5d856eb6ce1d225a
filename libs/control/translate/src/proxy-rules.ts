import type { DescField, Message } from '@bufbuild/protobuf';
import type { Any, Duration } from '@bufbuild/protobuf/wkt';
import { registry, type DecodeContext, type MessageVisitor } from '@weft/api-envoy';
import type { Address, Pipe } from '@weft/api-envoy/gen/envoy/config/core/v3/address_pb';
import type { HeaderValueOption } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type { LocalityLbEndpoints } from '@weft/api-envoy/gen/envoy/config/endpoint/v3/endpoint_components_pb';
import type { ClusterLoadAssignment } from '@weft/api-envoy/gen/envoy/config/endpoint/v3/endpoint_pb';
import type { FilterChainMatch } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { WeightedCluster } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import type { RegexMatcher } from '@weft/api-envoy/gen/envoy/type/matcher/v3/regex_pb';
import { compileRe2 } from '@weft/model-match';
import { isIP } from 'node:net';
import { UNWRITABLE } from './proto.ts';
import { REGEX_PROGRAM_SIZE } from './runtime-layer.ts';

const MOST = 0xffff_ffff;
/** Envoy counts in nanoseconds. Source: DurationUtil. */
const MOST_SECONDS = 9_223_372_036n;
const UNSIGNED = [0, MOST] as const;
const SIGNED = [-0x8000_0000, 0x7fff_ffff] as const;
/** By the number of the scalar type, and by wrapper. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  13: UNSIGNED, // uint32
  7: UNSIGNED, // fixed32
  5: SIGNED, // int32
  17: SIGNED, // sint32
  15: SIGNED, // sfixed32
  'google.protobuf.UInt32Value': UNSIGNED,
  'google.protobuf.Int32Value': SIGNED,
};

interface IntegerField {
  readonly field: DescField;
  readonly range: readonly [number, number];
}

const integers = new Map<string, readonly IntegerField[]>();

/** Fields that hold 32 bits, also wrapped. */
function integerFields(typeName: string): readonly IntegerField[] {
  let known = integers.get(typeName);
  if (known === undefined) {
    known = (registry().getMessage(typeName)?.fields ?? []).flatMap((field) => {
      if (field.oneof !== undefined) return [];
      const range = RANGES[field.fieldKind === 'scalar' ? field.scalar : (field.message?.typeName ?? '')];
      return range === undefined ? [] : [{ field, range }];
    });
    integers.set(typeName, known);
  }
  return known;
}

/** By type: what Envoy refuses and the rules of its API do not say. */
const RULES: Readonly<Record<string, (message: Message, at: () => DecodeContext) => void>> = {
  'google.protobuf.Any': (message, at) => {
    const { typeUrl, value } = message as Any;
    if (typeUrl === UNWRITABLE) at().error(Buffer.from(value).toString());
  },
  'google.protobuf.Duration': (message, at) => {
    const { seconds } = message as Duration;
    if (seconds > MOST_SECONDS) at().error(`${seconds}s is too long`, { expected: `at most ${MOST_SECONDS}s` });
  },
  'envoy.config.core.v3.HeaderValueOption': (message, at) => {
    const name = (message as HeaderValueOption).header?.key ?? '';
    if (name.startsWith(':') || name.toLowerCase() === 'host')
      at().at('header', 'key').error(`"${name}" cannot be set`, { expected: 'a rewrite of the authority or the path' });
  },
  'envoy.config.route.v3.WeightedCluster': (message, at) => {
    const sum = (message as WeightedCluster).clusters.reduce((total, { weight = 0 }) => total + weight, 0);
    if (sum > MOST)
      at()
        .at('clusters')
        .error(`has weights of ${sum} in all`, { expected: `at most ${MOST}` });
  },
  'envoy.config.endpoint.v3.LocalityLbEndpoints': (message, at) => {
    const { lbEndpoints } = message as LocalityLbEndpoints;
    const sum = lbEndpoints.reduce((total, { loadBalancingWeight = 1 }) => total + loadBalancingWeight, 0);
    if (sum > MOST)
      at()
        .at('lb_endpoints')
        .error(`has weights of ${sum} in all`, { expected: `at most ${MOST}` });
  },
  'envoy.config.endpoint.v3.ClusterLoadAssignment': (message, at) => {
    // Those of a cluster that looks names up are in it, and have names.
    if (at().path !== '') return;
    for (const [i, { lbEndpoints }] of (message as ClusterLoadAssignment).endpoints.entries())
      for (const [j, { hostIdentifier }] of lbEndpoints.entries()) {
        const address = hostIdentifier.case === 'endpoint' ? hostIdentifier.value.address : undefined;
        checkAddress(address, () => at().at('endpoints', i, 'lb_endpoints', j));
      }
  },
  'envoy.config.core.v3.Pipe': (message, at) => {
    const octets = Buffer.byteLength((message as Pipe).path);
    if (octets > 107) at().at('path').error(`has ${octets} octets`, { expected: 'at most 107' });
  },
  'envoy.config.listener.v3.FilterChainMatch': (message, at) => {
    for (const [i, name] of (message as FilterChainMatch).serverNames.entries())
      if (name.replace(/^\*\./, '').includes('*'))
        at().at('server_names', i).error(`is "${name}"`, { expected: 'a name, or "*." and a name' });
  },
  'envoy.config.listener.v3.Listener': (message, at) => {
    checkAddress((message as Listener).address, at);
    const seen = new Map<string, number>();
    for (const [i, { filterChainMatch }] of (message as Listener).filterChains.entries()) {
      const key = JSON.stringify(filterChainMatch ?? {});
      const first = seen.get(key);
      if (first === undefined) seen.set(key, i);
      else at().at('filter_chains', i, 'filter_chain_match').error(`is that of filter_chains[${first}] too`);
    }
  },
  'envoy.config.route.v3.Route': removals,
  'envoy.config.route.v3.WeightedCluster.ClusterWeight': removals,
  'envoy.type.matcher.v3.RegexMatcher': (message, at) => {
    const fault = regexFault((message as RegexMatcher).regex);
    if (fault !== undefined) at().at('regex').error(fault);
  },
};

function checkAddress(address: Address | undefined, at: () => DecodeContext): void {
  if (address?.address.case !== 'socketAddress') return;
  const text = address.address.value.address;
  if (text !== '' && isIP(text) === 0) at().at('address').error(`"${text}" is no IP address`);
}

interface Removals {
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToRemove: readonly string[];
}

function removals(message: Message, at: () => DecodeContext): void {
  const { requestHeadersToRemove, responseHeadersToRemove } = message as Message & Removals;
  const lists = {
    request_headers_to_remove: requestHeadersToRemove,
    response_headers_to_remove: responseHeadersToRemove,
  };
  for (const [list, names] of Object.entries(lists))
    for (const [i, name] of names.entries())
      if (name.startsWith(':') || name.toLowerCase() === 'host') at().at(list, i).error(`"${name}" cannot be removed`);
}

const regexes = new Map<string, string | undefined>();
const REGEXES_KEPT = 10_000;

function regexFault(regex: string): string | undefined {
  if (regexes.has(regex)) return regexes.get(regex);
  if (regexes.size >= REGEXES_KEPT) regexes.clear();
  const fault = compileFault(regex);
  regexes.set(regex, fault);
  return fault;
}

function compileFault(regex: string): string | undefined {
  const compiled = compileRe2(regex);
  if ('fault' in compiled) return compiled.fault;
  const { programSize: size } = compiled;
  return size > REGEX_PROGRAM_SIZE
    ? `is an expression of ${size} instructions; proxies take ${REGEX_PROGRAM_SIZE}`
    : undefined;
}

/** Reports of one message what no proxy takes, beyond what the rules of the API say. */
export const proxyRules: MessageVisitor = (message, at) => {
  for (const { field, range } of integerFields(message.$typeName)) {
    const value = (message as unknown as Readonly<Record<string, unknown>>)[field.localName];
    if (typeof value === 'number' && !(Number.isInteger(value) && value >= range[0] && value <= range[1]))
      at()
        .at(field.name)
        .error(`is ${value}`, { expected: `an integer from ${range[0]} to ${range[1]}` });
  }
  RULES[message.$typeName]?.(message, at);
};
