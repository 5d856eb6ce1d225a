import type { Report } from '../report.ts';
import type {
  MeshConfigSpec,
  MeshExtensionProvider,
  MeshExtensionProviderEnvoyExtAuthzGrpc,
  MeshExtensionProviderEnvoyExtAuthzHttp,
} from '../types/index.ts';

const TOP = 'data.mesh';
/** What envoy.type.v3.StatusCode has. */
const STATUS_CODES: ReadonlySet<string> = new Set(
  [100, ...range(200, 208), 226, ...range(300, 305), 307, 308, ...range(400, 417), 421, 422, 423, 424, 426, 428, 429]
    .concat([431, ...range(500, 508), 510, 511])
    .map(String),
);
const HEADER_LISTS = [
  'includeRequestHeadersInCheck',
  'includeHeadersInCheck',
  'headersToUpstreamOnAllow',
  'headersToDownstreamOnDeny',
  'headersToDownstreamOnAllow',
] as const;

/** What istiod checks of its MeshConfig, as far as Weft reads it. */
export function checkMeshConfig(mesh: MeshConfigSpec | undefined, report: Report): void {
  const { extensionProviders = [], defaultProviders, defaultConfig } = mesh ?? {};
  const names = new Set<string>();
  for (const [i, provider] of extensionProviders.entries()) {
    const path = `${TOP}.extensionProviders[${i}]`;
    const { name = '' } = provider;
    if (name === '') report(path, 'has no name', { expected: 'a name, which policies use' });
    else if (names.has(name)) report(`${path}.name`, `"${name}" is the name of another provider`);
    names.add(name);
    checkProvider(provider, path, report);
  }
  for (const [i, name] of (defaultProviders?.tracing ?? []).entries()) {
    const path = `${TOP}.defaultProviders.tracing[${i}]`;
    const found = extensionProviders.find((one) => one.name === name);
    if (found === undefined)
      report(path, `there is no provider "${name}"`, { expected: 'a name of extensionProviders' });
    else if (found.zipkin === undefined) report(path, `the provider "${name}" is no zipkin`);
  }
  const { zipkin, sampling } = defaultConfig?.tracing ?? {};
  const tracing = `${TOP}.defaultConfig.tracing`;
  const statsd = defaultConfig?.statsdUdpAddress ?? '';
  if (statsd !== '' && !/^.+:\d{1,5}$/.test(statsd))
    report(`${TOP}.defaultConfig.statsdUdpAddress`, `"${statsd}" is no address`, { expected: 'HOST:PORT' });
  for (const field of ['envoyAccessLogService', 'envoyMetricsService'] as const) {
    const address = defaultConfig?.[field]?.address;
    if (address !== undefined && !/^.+:\d{1,5}$/.test(address))
      report(`${TOP}.defaultConfig.${field}.address`, `"${address}" is no address`, { expected: 'HOST:PORT' });
  }
  if (zipkin?.address !== undefined && !/^.+:\d{1,5}$/.test(zipkin.address))
    report(`${tracing}.zipkin.address`, `"${zipkin.address}" is no address`, { expected: 'HOST:PORT' });
  if (sampling !== undefined && !(sampling >= 0 && sampling <= 100))
    report(`${tracing}.sampling`, `${sampling} is no percentage`, { expected: '0 to 100' });
}

function checkProvider(provider: MeshExtensionProvider, path: string, report: Report): void {
  const kinds = Object.keys(provider).filter((key) => key !== 'name');
  if (kinds.length === 0) report(path, 'says not what it is', { expected: 'envoyExtAuthzHttp, envoyExtAuthzGrpc …' });
  if (kinds.length > 1) report(path, `has ${kinds.join(' and ')}`, { expected: 'only one of them' });
  const { envoyExtAuthzHttp, envoyExtAuthzGrpc, zipkin } = provider;
  if (zipkin !== undefined) checkTarget(zipkin, `${path}.zipkin`, report);
  if (envoyExtAuthzGrpc !== undefined) checkAuthorizer(envoyExtAuthzGrpc, `${path}.envoyExtAuthzGrpc`, report);
  if (envoyExtAuthzHttp === undefined) return;
  const below = `${path}.envoyExtAuthzHttp`;
  checkAuthorizer(envoyExtAuthzHttp, below, report);
  const { pathPrefix = '' } = envoyExtAuthzHttp;
  if (pathPrefix !== '' && !pathPrefix.startsWith('/'))
    report(`${below}.pathPrefix`, `"${pathPrefix}" does not begin with a slash`, { suggestion: `/${pathPrefix}` });
  for (const list of HEADER_LISTS)
    for (const [i, name] of (envoyExtAuthzHttp[list] ?? []).entries())
      if (name === '*' || name === '')
        report(`${below}.${list}[${i}]`, `"${name}" is no name of headers`, {
          expected: 'a name, or the beginning or end of one: x-*',
        });
}

type Authorizer = MeshExtensionProviderEnvoyExtAuthzHttp | MeshExtensionProviderEnvoyExtAuthzGrpc;

function checkAuthorizer(authorizer: Authorizer, path: string, report: Report): void {
  checkTarget(authorizer, path, report);
  const { statusOnError = '', timeout, includeRequestBodyInCheck: body } = authorizer;
  if (statusOnError !== '' && !STATUS_CODES.has(statusOnError))
    report(`${path}.statusOnError`, `"${statusOnError}" is no status`, { expected: 'a status code such as "503"' });
  if (timeout !== undefined && !/[1-9]/.test(timeout))
    report(`${path}.timeout`, `"${timeout}" leaves no time`, { expected: 'more than 0' });
  if (body !== undefined && (body.maxRequestBytes ?? 0) === 0)
    report(`${path}.includeRequestBodyInCheck`, 'takes no bytes', { expected: 'maxRequestBytes of 1 or more' });
}

function checkTarget(
  { service = '', port }: { readonly service?: string; readonly port?: number },
  path: string,
  report: Report,
): void {
  if (service === '') report(path, 'names no service', { expected: 'service: HOST or NAMESPACE/HOST' });
  else if (!/^([a-z0-9]([-a-z0-9]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/.test(service))
    report(`${path}.service`, `"${service}" is no service`, { expected: 'HOST or NAMESPACE/HOST' });
  if (port === undefined) report(path, 'names no port', { expected: 'port: 1 to 65535' });
  else if (port < 1 || port > 65535) report(`${path}.port`, `${port} is no port`, { expected: '1 to 65535' });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
