import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Address } from '@weft/api-envoy/gen/envoy/config/core/v3/address_pb';
import type {
  ClusterLoadAssignment,
  ClusterLoadAssignment_Policy,
} from '@weft/api-envoy/gen/envoy/config/endpoint/v3/endpoint_pb';
import type {
  LbEndpoint,
  LocalityLbEndpoints,
} from '@weft/api-envoy/gen/envoy/config/endpoint/v3/endpoint_components_pb';
import { parseIp } from '@weft/model-match';
import { decodeFraction } from '@weft/model-policy';
import {
  DEFAULT_ASSIGNMENT_POLICY,
  endpointAddressText,
  HEALTH_STATUSES,
  type AssignmentPolicy,
  type DropOverload,
  type Endpoint,
  type EndpointAddress,
  type LoadAssignment,
  type LocalityEndpoints,
} from './load-assignment.ts';

export const loadAssignmentSupport: FieldSupport = {
  'envoy.config.endpoint.v3.ClusterLoadAssignment': ['cluster_name', 'endpoints', 'policy'],
  'envoy.config.endpoint.v3.ClusterLoadAssignment.Policy': ['overprovisioning_factor', 'drop_overloads'],
  'envoy.config.endpoint.v3.ClusterLoadAssignment.Policy.DropOverload': ['category', 'drop_percentage'],
  'envoy.type.v3.FractionalPercent': ['numerator', 'denominator'],
  'envoy.config.endpoint.v3.LocalityLbEndpoints': ['locality', 'lb_endpoints', 'load_balancer_endpoints', 'priority', 'metadata'],
  'envoy.config.endpoint.v3.LocalityLbEndpoints.LbEndpointList': ['lb_endpoints'],
  'envoy.config.endpoint.v3.LbEndpoint': ['endpoint', 'health_status', 'load_balancing_weight', 'metadata'],
  'envoy.config.endpoint.v3.Endpoint': ['address', 'hostname', 'additional_addresses'],
  'envoy.config.endpoint.v3.Endpoint.AdditionalAddress': ['address'],
  'envoy.config.core.v3.EnvoyInternalAddress': ['server_listener_name', 'endpoint_id'],
  'envoy.config.core.v3.Locality': ['region', 'zone', 'sub_zone'],
  'envoy.config.core.v3.Metadata': ['filter_metadata'],
  'envoy.config.core.v3.Address': ['socket_address', 'pipe', 'envoy_internal_address'],
  'envoy.config.core.v3.SocketAddress': ['protocol', 'address', 'port_value'],
  'envoy.config.core.v3.Pipe': ['path'],
}; // prettier-ignore

/** What addresses may be: `names` to be resolved by DNS, or `ips` (STATIC and EDS). */
export type AddressKind = 'names' | 'ips';

/** Source: endpoint.v3.ClusterLoadAssignment. Faults go to `cx`; undefined when there were any. */
export function decodeLoadAssignment(
  message: ClusterLoadAssignment,
  cx: DecodeContext,
  kind: AddressKind,
): LoadAssignment | undefined {
  const before = cx.faults.length;
  const localities = message.endpoints.map((locality, i) => decodeLocality(locality, cx.at('endpoints', i), kind));
  // A gap would silently change which hosts are spare ones; Envoy refuses it only for EDS, where it is as likely a mistake.
  const priorities = new Set(localities.map((locality) => locality.priority));
  const highest = Math.max(0, ...priorities);
  if (priorities.size > 0 && priorities.size !== highest + 1)
    cx.at('endpoints').error(`skips a priority below ${highest}`, {
      expected: `priorities 0 to ${highest}, all of them`,
    });
  const policy = decodePolicy(message.policy, cx.at('policy'));
  if (cx.faults.length > before) return undefined;
  return { clusterName: message.clusterName, localities, policy };
}

function decodePolicy(message: ClusterLoadAssignment_Policy | undefined, cx: DecodeContext): AssignmentPolicy {
  if (message === undefined) return DEFAULT_ASSIGNMENT_POLICY;
  return {
    overprovisioningFactor: message.overprovisioningFactor ?? DEFAULT_ASSIGNMENT_POLICY.overprovisioningFactor,
    dropOverload: decodeDropOverload(message, cx.at('drop_overloads')),
  };
}

function decodeDropOverload(
  { dropOverloads }: ClusterLoadAssignment_Policy,
  cx: DecodeContext,
): DropOverload | undefined {
  // As in Envoy: shares that apply one after the other are for other clients.
  if (dropOverloads.length > 1) cx.error(`has ${dropOverloads.length} categories`, { expected: 'one category' });
  const [first] = dropOverloads;
  if (first?.dropPercentage === undefined) return undefined;
  const { numerator, denominator } = decodeFraction(first.dropPercentage);
  const ratio = numerator / denominator;
  if (ratio > 1) cx.at(0, 'drop_percentage').error(`is ${ratio * 100} %`, { expected: 'at most 100 %' });
  return { category: first.category, ratio };
}

function decodeLocality(message: LocalityLbEndpoints, cx: DecodeContext, kind: AddressKind): LocalityEndpoints {
  const { locality, lbConfig } = message;
  let list = message.lbEndpoints;
  let place = cx.at('lb_endpoints');
  if (lbConfig.case === 'loadBalancerEndpoints') {
    list = lbConfig.value.lbEndpoints;
    place = cx.at('load_balancer_endpoints', 'lb_endpoints');
  } else if (lbConfig.case === 'ledsClusterLocalityConfig') {
    cx.at('leds_cluster_locality_config').later('LEDS');
  }
  return {
    locality: { region: locality?.region ?? '', zone: locality?.zone ?? '', subZone: locality?.subZone ?? '' },
    priority: message.priority,
    endpoints: list.flatMap((endpoint, i) => decodeEndpoint(endpoint, place.at(i), kind) ?? []),
  };
}

function decodeEndpoint(message: LbEndpoint, cx: DecodeContext, kind: AddressKind): Endpoint | undefined {
  const { case: which, value } = message.hostIdentifier;
  if (which !== 'endpoint') {
    if (which === undefined) cx.error('has no endpoint', { expected: 'endpoint' });
    else cx.later('endpoint_name', { expected: 'endpoint' });
    return undefined;
  }
  const address = decodeEndpointAddress(value.address, cx.at('endpoint', 'address'), kind);
  if (address === undefined) return undefined;
  const additionalAddresses = value.additionalAddresses.flatMap((additional, i) => {
    const place = cx.at('endpoint', 'additional_addresses', i, 'address');
    const decoded = decodeEndpointAddress(additional.address, place, 'ips');
    if (decoded !== undefined && decoded.kind !== 'socket')
      place.error('is no IP address', { expected: 'socket_address' });
    return decoded ?? [];
  });
  const weight = message.loadBalancingWeight ?? 1;
  if (weight < 1) cx.at('load_balancing_weight').error(`is ${weight}`, { expected: 'at least 1' });
  return {
    address,
    additionalAddresses,
    hostname: value.hostname,
    healthStatus: HEALTH_STATUSES[message.healthStatus] ?? 'UNKNOWN',
    weight,
    metadata: message.metadata?.filterMetadata ?? {},
  };
}

function decodeEndpointAddress(
  message: Address | undefined,
  cx: DecodeContext,
  kind: AddressKind,
): EndpointAddress | undefined {
  const { case: which, value } = message?.address ?? { case: undefined, value: undefined };
  if (which === 'pipe') {
    if (kind === 'names')
      cx.at('pipe').error('a Unix socket needs no DNS', { expected: 'a cluster of type STATIC for it' });
    return { kind: 'pipe', path: value.path };
  }
  if (which === 'envoyInternalAddress') {
    if (kind === 'names')
      cx.at('envoy_internal_address').error('a listener of this proxy needs no DNS', {
        expected: 'a cluster of type STATIC for it',
      });
    const listener = value.addressNameSpecifier.value ?? '';
    if (listener === '') cx.at('envoy_internal_address', 'server_listener_name').error('is missing');
    return { kind: 'internal', listener, endpointId: value.endpointId };
  }
  if (which !== 'socketAddress') {
    cx.error('is missing', { expected: 'socket_address, pipe or envoy_internal_address' });
    return undefined;
  }
  const at = cx.at('socket_address');
  const { portSpecifier: port } = value;
  if (port.case !== 'portValue') at.error('has no port_value', { expected: 'port_value: a number from 1 to 65535' });
  if (value.address === '') at.at('address').error('is empty', { expected: 'an IP address or a host name' });
  else if (kind === 'ips' && parseIp(value.address) === undefined)
    at.at('address').error(`"${value.address}" is not an IP address`, {
      expected: 'an IP address, or a cluster of type STRICT_DNS or LOGICAL_DNS',
    });
  return { kind: 'socket', host: value.address, port: port.case === 'portValue' ? port.value : 0 };
}

/** LOGICAL_DNS takes one endpoint, since it is one host whatever the name resolves to. */
export function requireSingleEndpoint(assignment: LoadAssignment, cx: DecodeContext): void {
  const all = assignment.localities.flatMap((locality) => locality.endpoints);
  if (all.length === 1) return;
  const found =
    all.length === 0 ? 'no endpoint' : all.map((endpoint) => endpointAddressText(endpoint.address)).join(', ');
  cx.at('endpoints').error(`LOGICAL_DNS takes exactly one endpoint, and there is ${found}`, {
    expected: 'one endpoint, or type STRICT_DNS',
  });
}
