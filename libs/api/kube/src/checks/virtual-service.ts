import { joinPath, nearest } from '@weft/core-config-text';
import type { Report } from '../report.ts';
import type {
  VirtualServiceHttp,
  VirtualServiceHttpMatch,
  VirtualServiceSpec,
  VirtualServiceStringMatch,
} from '../types/index.ts';
import { checkDuration } from './durations.ts';
import { checkHeaders } from './headers.ts';
import { checkDirectResponse, checkRedirect, checkRetries, checkRewrite } from './http-action.ts';
import { checkHost, checkRegex } from './words.ts';

/** Envoy's conditions of retries, HTTP and gRPC. Source: x-envoy-retry-on, x-envoy-retry-grpc-on. */
const RETRY_ON = [
  ...['5xx', 'gateway-error', 'reset', 'reset-before-request', 'connect-failure', 'envoy-ratelimited', 'retriable-4xx'],
  ...['refused-stream', 'retriable-status-codes', 'retriable-headers', 'http3-post-connect-failure'],
  ...['cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable'],
];

/** Proxies add weights up in 32 bits. */
const MOST_WEIGHT = 0xffff_ffff;

export function checkVirtualService(spec: VirtualServiceSpec, report: Report): void {
  const { hosts = [], gateways = [], http = [], tcp = [], tls = [] } = spec;
  for (const [i, host] of hosts.entries()) {
    checkHost(host, `spec.hosts[${i}]`, report);
    if (host === '*' && (gateways.length === 0 || gateways.includes('mesh')))
      report(`spec.hosts[${i}]`, '"*" would take every call of the mesh', {
        expected: 'names, or gateways without "mesh"',
      });
  }
  if (hosts.length === 0) checkDelegate(spec, report);
  else if (http.length + tcp.length + tls.length === 0)
    report('spec', 'routes nothing', { expected: 'at least one rule in http, tcp or tls' });
  for (const [i, rule] of http.entries()) checkHttp(rule, `spec.http[${i}]`, { report, delegated: hosts.length === 0 });
  for (const [i, { route = [] }] of tcp.entries())
    if (route.length === 0) report(`spec.tcp[${i}]`, 'has no destination', { expected: 'route with a destination' });
  for (const [i, { match, route = [] }] of tls.entries()) {
    if (route.length === 0) report(`spec.tls[${i}]`, 'has no destination', { expected: 'route with a destination' });
    for (const [j, { sniHosts = [] }] of match.entries())
      for (const [k, host] of sniHosts.entries()) checkHost(host, `spec.tls[${i}].match[${j}].sniHosts[${k}]`, report);
  }
  checkWeights(tcp, 'tcp', report);
  checkWeights(tls, 'tls', report);
  checkWeights(http, 'http', report);
}

/** A VirtualService without hosts has rules for others to take, and those are HTTP rules. */
function checkDelegate({ gateways = [], http = [], tcp = [], tls = [] }: VirtualServiceSpec, report: Report): void {
  const expected = 'hosts, since a VirtualService without hosts is a delegate';
  if (http.length === 0) report('spec', 'has no hosts, and no HTTP rule', { expected: 'hosts, or http' });
  if (gateways.length > 0) report('spec.gateways', 'are of no use without hosts', { expected });
  if (tcp.length > 0) report('spec.tcp', 'is of no use without hosts', { expected });
  if (tls.length > 0) report('spec.tls', 'is of no use without hosts', { expected });
}

function checkHttp(
  rule: VirtualServiceHttp,
  path: string,
  cx: { readonly report: Report; readonly delegated: boolean },
): void {
  const { report } = cx;
  const {
    route = [],
    redirect,
    directResponse,
    delegate,
    match = [],
    retries,
    rewrite,
    corsPolicy,
    headers,
    timeout,
  } = rule;
  const actions = Object.entries({ route: route.length > 0 ? route : undefined, redirect, directResponse, delegate })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
  if (actions.length === 0)
    report(path, 'does nothing', { expected: 'one of route, redirect, directResponse or delegate' });
  if (actions.length > 1) report(path, `has ${actions.join(' and ')}`, { expected: 'only one of them' });
  if (redirect !== undefined && rewrite !== undefined)
    report(`${path}.rewrite`, 'is of no use beside a redirect', { expected: 'redirect alone' });
  if (delegate !== undefined && cx.delegated)
    report(`${path}.delegate`, 'is in a delegate itself', { expected: 'hosts, or a route' });
  for (const [i, one] of match.entries()) checkMatch(one, `${path}.match[${i}]`, report);
  for (const [i, { host }] of route.map(({ destination }) => destination).entries())
    checkHost(host, `${path}.route[${i}].destination.host`, report);
  if (retries?.retryOn !== undefined) checkRetryOn(retries.retryOn, `${path}.retries.retryOn`, report);
  checkRetries(retries, `${path}.retries`, report);
  checkRewrite(rewrite, `${path}.rewrite`, report);
  checkRedirect(redirect, `${path}.redirect`, report);
  checkDirectResponse(directResponse, `${path}.directResponse`, report);
  checkHeaders(headers, `${path}.headers`, report);
  for (const [i, target] of route.entries()) checkHeaders(target.headers, `${path}.route[${i}].headers`, report);
  checkDuration(timeout, `${path}.timeout`, report);
  checkDuration(corsPolicy?.maxAge, `${path}.corsPolicy.maxAge`, report);
  for (const [i, origin] of (corsPolicy?.allowOrigins ?? []).entries())
    checkStringMatch(origin, `${path}.corsPolicy.allowOrigins[${i}]`, report);
}

function checkMatch(match: VirtualServiceHttpMatch, path: string, report: Report): void {
  const texts: [string, VirtualServiceStringMatch | undefined][] = [
    ...(['uri', 'scheme', 'method', 'authority'] as const).map(
      (key): [string, VirtualServiceStringMatch | undefined] => [`${path}.${key}`, match[key]],
    ),
    ...(['headers', 'withoutHeaders', 'queryParams'] as const).flatMap((key) =>
      Object.entries(match[key] ?? {}).map(([name, value]): [string, VirtualServiceStringMatch] => [
        joinPath(`${path}.${key}`, name),
        value,
      ]),
    ),
  ];
  // A path begins with nothing where every path does.
  for (const [place, text] of texts)
    checkStringMatch(place === `${path}.uri` ? { ...text, prefix: '/' } : text, place, report);
  if (Object.hasOwn(match.queryParams ?? {}, ''))
    report(`${path}.queryParams`, 'has a parameter without a name', { expected: 'names' });
  if (Object.hasOwn(match.withoutHeaders ?? {}, ''))
    report(`${path}.withoutHeaders`, 'has a header without a name', { expected: 'names' });
  for (const name of Object.keys(match.headers ?? {})) {
    const place = `${path}.headers[${JSON.stringify(name)}]`;
    if (name === '') report(`${path}.headers`, 'has a header without a name');
    else if (name !== name.toLowerCase())
      report(place, `the header "${name}" is not in lower case`, { suggestion: name.toLowerCase() });
  }
  if (match.uri?.prefix !== undefined && !match.uri.prefix.startsWith('/') && match.uri.prefix !== '')
    report(`${path}.uri.prefix`, `"${match.uri.prefix}" is no beginning of a path`, {
      suggestion: `/${match.uri.prefix}`,
    });
}

function checkStringMatch(text: VirtualServiceStringMatch | undefined, path: string, report: Report): void {
  checkRegex(text?.regex, `${path}.regex`, report);
  if (text?.regex === '')
    report(`${path}.regex`, 'is empty', { expected: 'an expression; {} asks only that it is there' });
  if (text?.prefix === '')
    report(`${path}.prefix`, 'is empty', { expected: 'a beginning; {} asks only that it is there' });
}

function checkRetryOn(retryOn: string, path: string, report: Report): void {
  for (const word of retryOn.split(',').map((part) => part.trim())) {
    if (RETRY_ON.includes(word) || /^[1-5]\d\d$/.test(word)) continue;
    const suggestion = nearest(word, RETRY_ON);
    report(
      path,
      `unknown condition "${word}"`,
      suggestion === undefined ? { expected: `some of ${RETRY_ON.join(', ')}, or status codes` } : { suggestion },
    );
  }
}

function checkWeights(
  rules: readonly { readonly route?: readonly { readonly weight?: number }[] }[],
  list: string,
  report: Report,
): void {
  for (const [i, { route = [] }] of rules.entries()) {
    for (const [j, { weight = 0 }] of route.entries())
      if (weight < 0)
        report(`spec.${list}[${i}].route[${j}].weight`, `${weight} is too small`, { expected: 'at least 0' });
    const sum = route.reduce((total, { weight = 0 }) => total + weight, 0);
    if (sum > MOST_WEIGHT)
      report(`spec.${list}[${i}].route`, `has weights of ${sum} in all`, { expected: `at most ${MOST_WEIGHT}` });
    if (route.length > 1 && sum === 0)
      report(`spec.${list}[${i}].route`, 'has only weights of 0', {
        expected: 'weights, since there are several destinations',
      });
  }
}
