import type { CallerView, Description, RouteView, ServiceDescription, WorkloadDescription } from '@weft/control-debug';
import { nearest } from '@weft/core-config-text';
import { CliError, EXIT } from './cli-io.ts';
import { controlPlane } from './control-plane-client.ts';
import { print } from './output.ts';
import { COMMON_OPTIONS, NAMESPACE_OPTION, type Verb } from './verb.ts';

type Noun = 'Workload' | 'Pod';

const NOUNS: Readonly<Record<string, { readonly query: 'workload' | 'service'; readonly noun: Noun }>> = {
  workload: { query: 'workload', noun: 'Workload' },
  pod: { query: 'workload', noun: 'Pod' },
  po: { query: 'workload', noun: 'Pod' },
  service: { query: 'service', noun: 'Workload' },
  svc: { query: 'service', noun: 'Workload' },
};

const RULE = '--------------------';

export const describe: Verb = {
  spec: {
    name: 'describe',
    takes: ['workload|service', 'NAME[.NAMESPACE]'],
    summary: 'tell what holds for a workload or a service: ports, routes, rules, policies',
    about: [
      'Routes are those that its callers are told, not those that the documents say: where callers are told different things, each',
      'is shown. "pod" is another word for workload; a gateway is one while it is connected.',
    ],
    options: { ...COMMON_OPTIONS, namespace: NAMESPACE_OPTION },
    examples: ['weft describe workload videos-api-1', 'weft describe service videos-api.default'],
  },
  run: async (line, io) => {
    const [kind = '', name = ''] = line.args;
    const what = NOUNS[kind];
    if (what === undefined) {
      const suggestion = nearest(kind, Object.keys(NOUNS));
      throw new CliError(
        `"${kind}" cannot be described`,
        EXIT.misuse,
        suggestion === undefined ? 'say workload or service' : `did you mean ${suggestion}?`,
      );
    }
    const found = await controlPlane(io, line).get<Description>('/debug/describe', {
      [what.query]: line.qualified(name),
    });
    print(io, line, found, () =>
      found.kind === 'service' ? serviceText(found, 'workload') : workloadText(found, what.noun),
    );
    return EXIT.done;
  },
};

function workloadText(workload: WorkloadDescription, noun: Noun): string {
  const { name, namespace, ports, missingLabels, services, mtls, policies, proxied, connected, role } = workload;
  const gateway = role === 'gateway';
  const word = noun.toLowerCase();
  const qualified = namespace === 'default' ? name : `${name}.${namespace}`;
  const proxy = !proxied
    ? 'It has no proxy: neither mutual TLS nor a policy is enforced for calls to it.'
    : connected
      ? undefined
      : 'Its proxy is not connected.';
  return lines([
    `${noun}: ${qualified}`,
    `   ${noun} Ports: ${ports.length === 0 ? 'none' : ports.map(({ port, owner }) => `${port} (${owner})`).join(', ')}`,
    ...missingLabels.map((label) => `Suggestion: add '${label}' label to ${word} for Istio telemetry.`),
    ...(proxy === undefined ? [] : [`Note: ${proxy}`]),
    RULE,
    ...services.flatMap((service) => [serviceText(service, word).trimEnd(), RULE]),
    ...(gateway ? ['It is a gateway: its ports are those of the Gateways that choose it.', RULE] : []),
    ...(services.length === 0 && !gateway ? ['No service selects it: nobody finds it by name.', RULE] : []),
    ...(!proxied || mtls.length === 0 ? [] : [gateway ? 'TLS of its ports:' : 'Effective PeerAuthentication:']),
    ...(proxied ? mtls : []).map(
      ({ port, mode, by }) =>
        `   Port ${port}: ${gateway ? '' : 'mTLS '}mode ${mode}${by === undefined ? '' : ` (${by})`}`,
    ),
    ...(!proxied || policies.length === 0 ? [] : ['AuthorizationPolicies:']),
    ...(proxied ? policies : []).map((policy) => {
      const rules = `${policy.rules} ${policy.rules === 1 ? 'rule' : 'rules'}`;
      return `   ${policy.action} ${policy.name}.${policy.namespace}: ${rules}${policy.dryRun ? ', dry run' : ''}`;
    }),
  ]);
}

function serviceText(service: ServiceDescription, word: string): string {
  const { name, namespace, ports, views, exposedAt, endpoints, healthyEndpoints } = service;
  const [first, ...others] = views;
  return lines([
    `Service: ${namespace === 'default' ? name : `${name}.${namespace}`}`,
    ...ports.map(
      (port) =>
        `   Port: ${port.name === '' ? '' : `${port.name} `}${port.port}/${protocolText(port.protocol)} targets ${word} port ${port.targets.join(', ')}`,
    ),
    ...(healthyEndpoints === endpoints && endpoints > 0
      ? []
      : [`   ${healthyEndpoints} of ${endpoints} endpoints are healthy`]),
    ...(first === undefined ? [] : viewLines(first, name, others.length > 0)),
    ...others.flatMap((view) => viewLines(view, name, true)),
    ...exposedAt.map(({ gateway, by }) => `Exposed at Gateway ${gateway} by ${by}`),
  ]);
}

/** As Istio writes them. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  auto: 'auto-detect',
  'grpc-web': 'GRPC-Web',
  mongo: 'Mongo',
  mysql: 'MySQL',
  redis: 'Redis',
};

function protocolText(protocol: string): string {
  return PROTOCOLS[protocol] ?? protocol.toUpperCase();
}

function viewLines(view: CallerView, service: string, several: boolean): string[] {
  const { callers, destinationRule, virtualService, routesBy, routes } = view;
  return [
    ...(several ? [`For calls of ${callers.join(', ')}:`] : []),
    ...(destinationRule === undefined ? [] : ruleLines(destinationRule, service)),
    ...(virtualService === undefined
      ? []
      : [
          `VirtualService: ${virtualService.name}${virtualService.namespace === 'default' ? '' : `.${virtualService.namespace}`}`,
        ]),
    ...(virtualService === undefined ? [] : countLines(virtualService)),
    ...routesBy.map((name) => name.replace(' ', ': ')),
    ...(virtualService === undefined && routesBy.length === 0 ? [] : routeLines(routes, service)),
  ];
}

function countLines({ http, tls, tcp }: NonNullable<CallerView['virtualService']>): string[] {
  const counted = [
    { count: http, word: 'HTTP' },
    { count: tls, word: 'TLS' },
    { count: tcp, word: 'TCP' },
  ];
  const lines = counted.filter(({ count }) => count > 0).map(({ count, word }) => `   ${count} ${word} route(s)`);
  return lines.length === 0 ? ['   no routes'] : lines;
}

function ruleLines(
  { names, host, subsets, trafficPolicy }: NonNullable<CallerView['destinationRule']>,
  service: string,
): string[] {
  const matching = subsets.filter(({ matches }) => matches).map(({ name }) => name);
  const others = subsets.filter(({ matches }) => !matches).map(({ name }) => name);
  return [
    `DestinationRule: ${names.join(', ')} for "${host === '' ? service : host}"`,
    ...(subsets.length === 0 ? [] : [`   Matching subsets: ${matching.length === 0 ? 'none' : matching.join(',')}`]),
    ...(others.length === 0 ? [] : [`      (Non-matching subsets ${others.join(',')})`]),
    ...(trafficPolicy.length === 0
      ? ['   No Traffic Policy']
      : trafficPolicy.map((policy) => `   Traffic Policy ${policy}`)),
  ];
}

/** Only what a reader would not guess: a single route to the service itself says nothing more. */
function routeLines(routes: readonly RouteView[], service: string): string[] {
  const [only] = routes;
  const plain =
    routes.length === 1 &&
    only?.match === '/*' &&
    only.action === undefined &&
    only.destinations.length === 1 &&
    shortName(only.destinations[0]?.host) === service &&
    only.destinations[0]?.subset === '';
  if (plain) return [];
  const ports = new Set(routes.map(({ port }) => port));
  return routes.map((route) => {
    const at = ports.size > 1 ? `${route.port} ` : '';
    return `      ${at}${route.match} -> ${route.action ?? destinationsText(route)}`;
  });
}

function destinationsText({ destinations }: RouteView): string {
  if (destinations.length === 0) return 'nowhere';
  const named = destinations.map(({ host, subset, percent }) => ({
    name: shortName(host) + (subset === '' ? '' : ` subset ${subset}`),
    percent,
  }));
  return named.map(({ name, percent }) => (named.length === 1 ? name : `${percent}% ${name}`)).join(', ');
}

function shortName(host = ''): string {
  const [name = host, , svc] = host.split('.');
  return svc === 'svc' ? name : host;
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
