import type { HTTPRouteRuleFilter, VirtualServiceHttpRedirect } from '@weft/api-kube';
import type { RedirectAction } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import type { Init } from './proto.ts';
import { prefixReplaced } from './prefix-replaced.ts';

type RequestRedirect = NonNullable<HTTPRouteRuleFilter['requestRedirect']>;

/** RedirectAction.RedirectResponseCode by number. */
const REDIRECT_CODES: Readonly<Record<number, number>> = { 301: 0, 302: 1, 303: 2, 307: 3, 308: 4 };
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** Where a redirect is answered: what a Location has that the redirect says nothing about. */
export interface RedirectPlace {
  readonly port: number;
  readonly isTls: boolean;
  /** The one host that is called there; undefined: there are several. */
  readonly host?: string | undefined;
}

/** `redirect` of a VirtualService. */
export function redirectAction(redirect: VirtualServiceHttpRedirect, place: RedirectPlace): Init<RedirectAction> {
  const { authority = '', uri, prefixRewrite, scheme = '', redirectCode = 301 } = redirect;
  const colon = authority.lastIndexOf(':');
  const [host, hostPort] =
    colon > authority.lastIndexOf(']')
      ? [authority.slice(0, colon), Number(authority.slice(colon + 1))]
      : [authority, 0];
  const path = uri === undefined || uri === '' ? undefined : uri;
  return {
    hostRedirect: host,
    portRedirect: redirect.port ?? (derivedPort(redirect, place) || hostPort),
    ...(path === undefined ? {} : { pathRewriteSpecifier: { case: 'pathRedirect', value: path } }),
    ...(path === undefined && prefixRewrite !== undefined
      ? { pathRewriteSpecifier: { case: 'prefixRewrite', value: prefixRewrite } }
      : {}),
    ...schemeSpecifier(scheme),
    responseCode: REDIRECT_CODES[redirectCode] ?? 0,
  };
}

/** 0: the Location names none but what Host has. */
function derivedPort({ derivePort, scheme = '' }: VirtualServiceHttpRedirect, { port, isTls }: RedirectPlace): number {
  const standard = DEFAULT_PORTS[schemeOf(scheme, isTls)] ?? 0;
  if (derivePort === 'FROM_PROTOCOL_DEFAULT') return standard;
  return derivePort === 'FROM_REQUEST_PORT' && port !== standard ? port : 0;
}

/**
 * RequestRedirect of an HTTPRoute. Without a port: the default of the scheme that it names, else the listener's; and a port
 * that the scheme implies is not written. `prefix` is what the rule matched. Source: HTTPRequestRedirectFilter.port.
 */
export function requestRedirect(
  redirect: Partial<RequestRedirect>,
  place: RedirectPlace,
  prefix: string,
): Init<RedirectAction> {
  const { scheme = '', hostname = '', port, path, statusCode = 302 } = redirect;
  const own = DEFAULT_PORTS[schemeOf('', place.isTls)];
  const standard = DEFAULT_PORTS[schemeOf(scheme, place.isTls)] ?? 0;
  const wanted = port ?? (scheme === '' ? place.port : standard || place.port);
  const isImplied = wanted === standard;
  // Proxies leave the port of Host, but where the host is given.
  const host = hostname === '' && isImplied ? (place.host ?? '') : hostname;
  const isKept = host === '' && place.port !== own;
  return {
    hostRedirect: host,
    portRedirect: isImplied && !isKept ? 0 : wanted,
    ...pathSpecifier(path, prefix),
    ...schemeSpecifier(scheme),
    responseCode: REDIRECT_CODES[statusCode] ?? 1,
  };
}

function pathSpecifier(
  path: Partial<RequestRedirect>['path'],
  prefix: string,
): Pick<Init<RedirectAction>, 'pathRewriteSpecifier'> {
  if (path?.replaceFullPath !== undefined)
    return { pathRewriteSpecifier: { case: 'pathRedirect', value: path.replaceFullPath } };
  if (path?.replacePrefixMatch === undefined) return {};
  const { prefixRewrite, regexRewrite } = prefixReplaced(prefix, path.replacePrefixMatch);
  return {
    pathRewriteSpecifier:
      regexRewrite === undefined
        ? { case: 'prefixRewrite', value: prefixRewrite ?? '' }
        : { case: 'regexRewrite', value: regexRewrite },
  };
}

function schemeOf(scheme: string, isTls: boolean): string {
  return scheme === '' ? (isTls ? 'https' : 'http') : scheme;
}

function schemeSpecifier(scheme: string): Pick<Init<RedirectAction>, 'schemeRewriteSpecifier'> {
  return scheme === '' ? {} : { schemeRewriteSpecifier: { case: 'schemeRedirect', value: scheme } };
}
