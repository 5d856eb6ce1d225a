import type { ConfigNode } from '@weft/core-config-text';
import { upgradePerFilterConfig } from './extensions.ts';
import type { MapEdit } from './map-edit.ts';

/** `regex` as it was in many messages: linear in time now, hence its name. */
function safeRegex(regex: ConfigNode): Record<string, unknown> {
  return { safe_regex: { regex } };
}

function itemsOf(node: ConfigNode): readonly ConfigNode[] {
  return node.kind === 'list' ? node.items : [node];
}

/** envoy.config.route.v3.VirtualHost, Route and WeightedCluster.ClusterWeight */
export const upgradeRouteScope = upgradePerFilterConfig;

/** envoy.config.route.v3.RouteMatch and envoy.type.matcher.v3.StringMatcher */
export function upgradeRegex(edit: MapEdit): void {
  const regex = edit.get('regex');
  if (regex !== undefined) edit.replace('regex', safeRegex(regex));
}

/** envoy.config.route.v3.HeaderMatcher */
export function upgradeHeaderMatcher(edit: MapEdit): void {
  const regex = edit.get('regex_match');
  if (regex !== undefined) edit.replace('regex_match', { string_match: safeRegex(regex) });
}

/** envoy.config.route.v3.QueryParameterMatcher */
export function upgradeQueryMatcher(edit: MapEdit): void {
  const value = edit.get('value');
  const isRegex = edit.text('regex') === 'true';
  if (edit.get('regex') !== undefined) edit.drop('regex', 'it is part of string_match');
  if (value !== undefined) edit.replace('value', { string_match: isRegex ? safeRegex(value) : { exact: value } });
}

/** envoy.config.route.v3.VirtualCluster */
export function upgradeVirtualCluster(edit: MapEdit): void {
  const pattern = edit.get('pattern');
  if (pattern === undefined) return;
  const method = edit.get('method');
  const path = { name: ':path', string_match: safeRegex(pattern) };
  if (method === undefined) edit.replace('pattern', { headers: [path] });
  else {
    edit.drop('method', 'it is one of headers');
    edit.replace('pattern', { headers: [path, { name: ':method', string_match: { exact: method } }] });
  }
}

/** envoy.config.route.v3.CorsPolicy */
export function upgradeCors(edit: MapEdit): void {
  const exact = edit.get('allow_origin');
  const regex = edit.get('allow_origin_regex');
  const matchers = [
    ...(exact === undefined ? [] : itemsOf(exact).map((origin) => ({ exact: origin }))),
    ...(regex === undefined ? [] : itemsOf(regex).map(safeRegex)),
  ];
  if (exact !== undefined && regex !== undefined)
    edit.drop('allow_origin_regex', 'it is part of allow_origin_string_match');
  if (matchers.length > 0)
    edit.replace(exact === undefined ? 'allow_origin_regex' : 'allow_origin', { allow_origin_string_match: matchers });
  const enabled = edit.text('enabled');
  if (enabled === undefined) return;
  edit.replace('enabled', { filter_enabled: { default_value: { numerator: enabled === 'true' ? 100 : 0 } } });
}

/**
 * envoy.config.route.v3.RouteAction: `host_rewrite` is a plain text in v2, and again a field of v3, of a format. Without a
 * `%` both mean the same, which is what host_rewrite_literal says.
 */
export function upgradeRouteAction(edit: MapEdit): void {
  const host = edit.get('host_rewrite');
  if (host !== undefined && edit.text('host_rewrite')?.includes('%') === false)
    edit.replace('host_rewrite', { host_rewrite_literal: host });
  const mirror = edit.get('request_mirror_policy');
  if (mirror !== undefined) edit.replace('request_mirror_policy', { request_mirror_policies: [mirror] });
}

/** envoy.config.route.v3.RouteAction.RequestMirrorPolicy: its runtime key counted in ten-thousandths. */
export function upgradeMirrorPolicy(edit: MapEdit): void {
  const key = edit.get('runtime_key');
  if (key === undefined) return;
  edit.replace('runtime_key', {
    runtime_fraction: { default_value: { numerator: 0, denominator: 'TEN_THOUSAND' }, runtime_key: key },
  });
}
