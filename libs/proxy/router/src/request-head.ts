import type { RequestHeaderMap } from '@weft/core-http';
import { applyMutations } from '@weft/model-policy';
import { rewriteHost, rewritePath, type ForwardAction, type ResolvedRoute } from '@weft/model-route';
import type { FilterStream } from '@weft/proxy-filter-api';

/**
 * Makes the request's head what the upstream is to see: the route's header mutations, then its host, then its path.
 * Everything but `auto_host_rewrite`, which needs the host that was picked.
 */
export function finalizeRequestHead(
  headers: RequestHeaderMap,
  resolved: ResolvedRoute,
  stream: FilterStream,
  suppressEnvoyHeaders: boolean,
): void {
  const action = resolved.action as ForwardAction;
  if (resolved.requestMutations.length > 0) applyMutations(resolved.requestMutations, headers, stream);
  if (resolved.hostRewrite !== undefined) {
    const host = rewriteHost(resolved.hostRewrite, headers);
    if (host !== '') changeHost(headers, host, { action, suppressEnvoyHeaders });
  }
  if (action.pathRewrite === undefined) return;
  const original = headers.path;
  headers.path = rewritePath(action.pathRewrite, resolved.route, original);
  if (!suppressEnvoyHeaders) headers.set('x-envoy-original-path', original);
}

/** Sets `:authority`, and tells the upstream what it was before. */
export function changeHost(
  headers: RequestHeaderMap,
  host: string,
  options: { readonly action: ForwardAction; readonly suppressEnvoyHeaders: boolean },
): void {
  const { authority } = headers;
  if (authority !== '') {
    if (!options.suppressEnvoyHeaders) headers.set('x-envoy-original-host', authority);
    if (options.action.appendXForwardedHost) appendForwardedHost(headers, authority);
  }
  headers.authority = host;
}

function appendForwardedHost(headers: RequestHeaderMap, authority: string): void {
  const before = headers.getJoined('x-forwarded-host');
  headers.set('x-forwarded-host', before === undefined ? authority : `${before},${authority}`);
}
