import type { DescField, DescMessage } from '@bufbuild/protobuf';
import type { MapNode } from '@weft/core-config-text';
import { camelCase } from '../tree-source.ts';
import type { ConfigUpgrade, UpgradePlace } from '../read-config.ts';
import { registry } from '../registry.ts';
import { upgradeExtension } from './extensions.ts';
import { MapEdit } from './map-edit.ts';
import { upgradeV1 } from './v1.ts';
import { upgradeCluster, upgradeFilterChain } from './v2-cluster.ts';
import * as other from './v2-other.ts';
import * as route from './v2-route.ts';
import { previousTypeOf, successorOf } from './v2-types.ts';

type Upgrade = (edit: MapEdit) => void;

/** What v3 took out of its messages or moved, by message. Fields that only got another name are found in the descriptors. */
const UPGRADES: Readonly<Record<string, Upgrade>> = {
  'envoy.config.bootstrap.v3.Admin': other.upgradeAdmin,
  'envoy.config.bootstrap.v3.Bootstrap': other.upgradeRuntime,
  'envoy.config.cluster.v3.Cluster': upgradeCluster,
  'envoy.config.core.v3.HealthCheck.HttpHealthCheck': other.upgradeHttpHealthCheck,
  'envoy.config.core.v3.Node': other.upgradeNode,
  'envoy.config.endpoint.v3.ClusterLoadAssignment.Policy': other.upgradeAssignmentPolicy,
  'envoy.config.listener.v3.FilterChain': upgradeFilterChain,
  'envoy.config.listener.v3.FilterChainMatch': other.upgradeFilterChainMatch,
  'envoy.config.route.v3.CorsPolicy': route.upgradeCors,
  'envoy.config.route.v3.HeaderMatcher': route.upgradeHeaderMatcher,
  'envoy.config.route.v3.QueryParameterMatcher': route.upgradeQueryMatcher,
  'envoy.config.route.v3.Route': route.upgradeRouteScope,
  'envoy.config.route.v3.RouteAction': route.upgradeRouteAction,
  'envoy.config.route.v3.RouteAction.RequestMirrorPolicy': route.upgradeMirrorPolicy,
  'envoy.config.route.v3.RouteMatch': route.upgradeRegex,
  'envoy.config.route.v3.VirtualCluster': route.upgradeVirtualCluster,
  'envoy.config.route.v3.VirtualHost': route.upgradeRouteScope,
  'envoy.config.route.v3.WeightedCluster.ClusterWeight': route.upgradeRouteScope,
  'envoy.config.trace.v3.ZipkinConfig': other.upgradeZipkin,
  'envoy.extensions.filters.common.fault.v3.FaultDelay': other.upgradeFaultDelay,
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': other.upgradeConnectionManager,
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.Tracing': other.upgradeTracing,
  'envoy.extensions.filters.network.redis_proxy.v3.RedisProxy': other.upgradeRedisProxy,
  'envoy.extensions.filters.network.redis_proxy.v3.RedisProxy.PrefixRoutes': other.upgradeRedisRoutes,
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': other.upgradeTcpProxy,
  'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext': other.upgradeValidationContext,
  'envoy.type.matcher.v3.StringMatcher': route.upgradeRegex,
};

/** Envoy's v2 and v1 forms as v3. Each spot is a warning that shows the v3 form. */
export const upgrade: ConfigUpgrade = { message: upgradeMessage, typeName: successorOf };

function upgradeMessage(map: MapNode, desc: DescMessage, place: UpgradePlace): MapNode {
  const whole = desc.typeName === 'envoy.config.bootstrap.v3.Bootstrap' ? upgradeV1(map, place) : map;
  const edit = new MapEdit(whole, place);
  if (desc.field['typedConfig'] !== undefined && desc.field['name'] !== undefined)
    upgradeExtension(edit, desc.typeName);
  UPGRADES[desc.typeName]?.(edit);
  renameFields(edit, desc);
  return edit.result;
}

/** Fields that kept their number and kind and got another name. Looked up only for a map with a field that v3 lacks. */
function renameFields(edit: MapEdit, desc: DescMessage): void {
  const known = new Set(desc.fields.flatMap((field) => [field.name, field.jsonName]));
  const unknown = [...edit.result.entries.keys()].filter((key) => !known.has(key) && key !== '@type');
  if (unknown.length === 0) return;
  const previous = previousTypeOf(desc);
  const older = previous === undefined ? undefined : registry().getMessage(previous);
  for (const field of older?.fields ?? []) {
    const now = desc.fields.find((one) => one.number === field.number);
    const isUsed = unknown.includes(field.name) || unknown.includes(camelCase(field.name));
    const value = isUsed ? edit.get(field.name) : undefined;
    if (value !== undefined && now !== undefined && isSameKind(now, field))
      edit.replace(field.name, { [now.name]: value });
  }
}

function isSameKind(a: DescField, b: DescField): boolean {
  return a.fieldKind === b.fieldKind && a.scalar === b.scalar && a.fieldKind !== 'message';
}
