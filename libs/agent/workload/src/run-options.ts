import { helpRow, nearest } from '@weft/core-config-text';
import { createIdentity, subdomainFault } from '@weft/model-identity';
import { isIP } from 'node:net';
import { registryFault } from './registry-url.ts';
import { twinFaults } from './wanted-ports.ts';
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import {
  parseLabels,
  parseLogLevel,
  parseMetrics,
  parsePort,
  parseProbe,
  parseProtocol,
  parseUpstream,
  type Probe,
  type SidecarLogLevel,
  type Upstream,
} from './option-values.ts';

/** What `weft run` is asked to do. */
export interface RunOptions {
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The service that it serves; default: its name; `''`: none by its own word. */
  readonly service: string;
  /** The WorkloadGroup that it is one of. */
  readonly group: string | undefined;
  /** Undefined: the program only calls others. */
  readonly port: { readonly service: number; readonly app: number } | undefined;
  /** `HTTP`, `TCP`, …; `''`: told by the first bytes. */
  readonly protocol: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly upstreams: readonly Upstream[];
  readonly probe: Probe;
  /** By a flag: a WorkloadGroup has no say. */
  readonly ownProbe: boolean;
  /** Where others reach the sidecar. */
  readonly address: string;
  /** Ports of the sidecar's inbound listener, its admin server and the readiness server. 0: the system chooses. */
  readonly inboundPort: number;
  readonly adminPort: number;
  readonly readinessPort: number;
  readonly controlPlane: ControlPlaneOptions;
  /** The real Envoy instead of our proxy. */
  readonly envoy: string | undefined;
  readonly proxyLog: string | undefined;
  readonly logLevel: SidecarLogLevel;
  /** Threads of the sidecar. */
  readonly concurrency: number;
  /** Where the program tells its metrics; undefined: nowhere. */
  readonly metrics: { readonly port: number; readonly path: string } | undefined;
  readonly delta: boolean;
  readonly capture: boolean;
  /** How long the sidecar drains before the program is asked to end, in milliseconds. */
  readonly drainMs: number;
  /** How long connections live that an update of a listener closed for new requests, in seconds. */
  readonly listenerDrainSeconds: number;
  /** How long the program may take to end before it is killed, in milliseconds. */
  readonly graceMs: number;
  /** How long certificate and sidecar may take at the start, in milliseconds. */
  readonly startMs: number;
  readonly verbose: boolean;
  /** The proxy of a gateway, without a program. */
  readonly gateway: boolean;
  /** Prints a token, and runs nothing. */
  readonly issueToken: boolean;
  /** Empty for a gateway. */
  readonly command: readonly string[];
}

/** Where the control plane is: a folder of this machine, or addresses. */
export interface ControlPlaneOptions {
  readonly stateDir: string | undefined;
  readonly secure: string | undefined;
  /** The name that its certificate must have; undefined: Istio's default, or what the state folder tells. */
  readonly serverName: string | undefined;
  /** `http://host:port` or `https://host:port`; undefined: the port of xDS and certificates, or what the state folder tells. */
  readonly registry: string | undefined;
  /** The token may be sent over plain HTTP, also to another machine. */
  readonly insecureRegistry: boolean;
  readonly rootCert: string | undefined;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly trustDomain: string;
}

export type ParsedRunOptions =
  | { readonly kind: 'options'; readonly options: RunOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

interface Flag {
  /** What its value is called; absent: it has none. */
  readonly value?: string;
  readonly help: string;
  readonly many?: true;
}

const FLAGS: Readonly<Record<string, Flag>> = {
  name: { value: 'NAME', help: 'the workload (required)' },
  namespace: { value: 'NS', help: 'default: default' },
  'service-account': { value: 'SA', help: 'whose identity it has (default: its service; with --group: default)' },
  service: { value: 'NAME', help: 'the service that it serves (default: its name; with --group none)' },
  group: { value: 'NAME', help: 'gives labels, names of ports, locality, weight and probe' },
  port: { value: 'P or S:P', help: 'the program listens on P; clients call port S (default: P)' },
  protocol: { value: 'WORD', help: 'HTTP, HTTP2, GRPC, TCP … (default: told by the first bytes)' },
  labels: { value: 'K=V,…', help: 'default: app=SERVICE', many: true },
  upstream: { value: 'HOST:PORT=LOCAL', help: 'a service it calls, at 127.0.0.1:LOCAL; 0: chosen', many: true },
  probe: {
    value: 'tcp|http:/PATH|none',
    help: 'how its health is told (default: as --group says, else tcp)',
  },
  'config-dir': { value: 'DIR', help: "the control plane's documents, on this machine" },
  'state-dir': { value: 'DIR', help: "the control plane's state (default: CONFIG-DIR/.weft-state)" },
  'control-plane': { value: 'HOST:PORT', help: 'xDS and authority over TLS, where it is elsewhere' },
  registry: { value: 'URL', help: 'registers there over HTTP (default: at --control-plane)' },
  'insecure-registry': { help: 'send the token to another machine over plain HTTP: whoever reads it is the workload' },
  'root-cert': { value: 'FILE', help: 'roots that the control plane is checked against, where it is elsewhere' },
  token: { value: 'TOKEN', help: 'proves who the workload is (better: --token-file)' },
  'token-file': { value: 'FILE', help: 'holds such a token; read each time that one is needed' },
  'control-plane-name': { value: 'NAME', help: 'in its certificate (default: istiod.istio-system.svc)' },
  'trust-domain': { value: 'NAME', help: 'with --control-plane (default: cluster.local)' },
  envoy: { value: 'PATH', help: 'run this Envoy as the sidecar' },
  address: { value: 'IP', help: 'where others reach the sidecar (default: 127.0.0.1)' },
  'inbound-port': { value: 'PORT', help: "the sidecar's port for --port (default: chosen)" },
  'admin-port': { value: 'PORT', help: "the sidecar's admin server (default: chosen)" },
  'readiness-port': { value: 'PORT', help: 'answers /healthz/ready and /stats/prometheus (default: chosen)' },
  metrics: { value: 'http:PORT/PATH', help: "the program's metrics, told together with the sidecar's" },
  concurrency: { value: 'N', help: 'threads of the sidecar (default: 1)' },
  'sidecar-log-level': { value: 'LEVEL,C:LEVEL…', help: 'trace, debug, info (default), warning, error, off' },
  'proxy-log': { value: 'FILE', help: "the sidecar's log (default: in the run's own folder)" },
  delta: { help: 'delta xDS instead of state of the world (default with --capture)' },
  capture: { help: 'redirect all its traffic, in a network namespace of its own (root)' },
  'drain-time': { value: 'SECONDS', help: 'before the program is asked to end (default: 5)' },
  'listener-drain-time': { value: 'SECONDS', help: 'for connections of a listener that was changed (default: 45)' },
  'grace-time': { value: 'SECONDS', help: 'before the program is killed (default: 30)' },
  'start-time': { value: 'SECONDS', help: 'for certificate and sidecar (default: 60)' },
  gateway: { help: 'run the proxy of a gateway, without a program: which one, --labels tell' },
  verbose: { help: 'tell every step' },
  'issue-token': { help: 'print a token for --name, --service-account, --service and --labels, for another machine' },
  'clean-up': { help: 'alone: remove the networks of captured runs that were killed' },
};

type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** Reads a command line `[FLAGS] -- COMMAND [ARGUMENTS]`; every fault is told. */
export function parseRunOptions(args: readonly string[]): ParsedRunOptions {
  const end = args.indexOf('--');
  const flags = end === -1 ? args : args.slice(0, end);
  const config: ParseArgsOptionsConfig = { help: { type: 'boolean', short: 'h' } };
  for (const [name, { value, many }] of Object.entries(FLAGS))
    config[name] = { type: value === undefined ? 'boolean' : 'string', multiple: many === true };
  const parsed = parseArgs({ args: [...flags], options: config, strict: false, allowPositionals: true, tokens: true });
  if (parsed.values['help'] === true) return { kind: 'help', text: help() };
  const unknown = parsed.tokens.filter((token) => token.kind === 'option' && FLAGS[token.name] === undefined);
  const faults = parsed.tokens.flatMap((token) => {
    // Behind a flag that there is not, it is what was meant as its value.
    if (token.kind === 'positional')
      return unknown.length > 0 ? [] : [`"${token.value}" is no flag: the command comes after --`];
    if (token.kind !== 'option') return [];
    const flag = FLAGS[token.name];
    if (flag === undefined) return token.name === 'help' ? [] : [unknownFlag(token)];
    return flag.value !== undefined && (token.value === undefined || token.value === '')
      ? [`--${token.name} needs a value: ${flag.value}`]
      : [];
  });
  faults.push(...commandFaults(parsed.values as Values, end === -1 ? [] : args.slice(end + 1)));
  if (faults.length > 0) return { kind: 'faults', faults };
  const reader = new Reader(parsed.values as Values);
  const options = readOptions(reader, end === -1 ? [] : args.slice(end + 1));
  reader.faults.push(...twinFaults(options));
  return reader.faults.length > 0 ? { kind: 'faults', faults: reader.faults } : { kind: 'options', options };
}

function unknownFlag({ name, rawName }: { readonly name: string; readonly rawName: string }): string {
  const suggestion = nearest(name, Object.keys(FLAGS));
  return `there is no flag ${rawName}${suggestion === undefined ? '' : `; did you mean --${suggestion}?`}`;
}

/** What a gateway has no program for. */
const OF_PROGRAMS = [
  'port',
  'protocol',
  'service',
  'group',
  'probe',
  'metrics',
  'upstream',
  'inbound-port',
  'capture',
] as const;

function commandFaults(values: Values, command: readonly string[]): string[] {
  if (values['issue-token'] === true)
    return command.length === 0 ? [] : ['--issue-token prints a token: there is no place for a command'];
  if (values['gateway'] !== true)
    return command.length === 0 ? ['there is no command: weft run --name NAME -- COMMAND'] : [];
  return [
    ...(command.length === 0 ? [] : ['--gateway runs a proxy alone: there is no place for a command']),
    ...OF_PROGRAMS.filter((name) => values[name] !== undefined).map((name) => `--${name} says nothing of a --gateway`),
  ];
}

const USUAL_LOG: SidecarLogLevel = { level: 'info', components: '' };

function readOptions(reader: Reader, command: readonly string[]): RunOptions {
  const name = reader.text('name') ?? '';
  if (name === '') reader.faults.push('--name is missing');
  else reader.check(subdomainFault('name of a workload', name));
  const namespace = reader.text('namespace') ?? 'default';
  const trustDomain = reader.text('trust-domain') ?? 'cluster.local';
  const group = reader.text('group');
  const service = reader.text('service') ?? (group === undefined ? name : '');
  const serviceAccount =
    reader.text('service-account') ?? (group === undefined ? ownAccount(service || name) : 'default');
  const identity = createIdentity({ trustDomain, namespace, serviceAccount });
  if (!identity.ok) reader.faults.push(identity.fault);
  if (group !== undefined) reader.check(subdomainFault('name of a WorkloadGroup', group));
  const labels = reader.parsed('labels', reader.list('labels').join(','), parseLabels) ?? {};
  const port = reader.parsed('port', reader.text('port'), parsePort);
  const address = reader.text('address') ?? '127.0.0.1';
  if (isIP(address) === 0) reader.faults.push(`--address ${address} is no IP address`);
  return {
    name,
    namespace,
    serviceAccount,
    service,
    group,
    port,
    protocol: reader.parsed('protocol', reader.text('protocol'), parseProtocol)?.text ?? '',
    labels: Object.keys(labels).length === 0 && group === undefined ? { app: service } : labels,
    upstreams: reader.list('upstream').flatMap((text) => reader.parsed('upstream', text, parseUpstream) ?? []),
    probe:
      reader.parsed('probe', reader.text('probe'), parseProbe) ??
      (port === undefined ? { kind: 'none' } : { kind: 'tcp' }),
    ownProbe: reader.text('probe') !== undefined,
    address,
    inboundPort: reader.number('inbound-port', 0, 65_535),
    adminPort: reader.number('admin-port', 0, 65_535),
    readinessPort: reader.number('readiness-port', 0, 65_535),
    controlPlane: reader.controlPlane(trustDomain),
    envoy: reader.text('envoy'),
    proxyLog: reader.text('proxy-log'),
    logLevel: reader.parsed('sidecar-log-level', reader.text('sidecar-log-level'), parseLogLevel) ?? USUAL_LOG,
    concurrency: reader.count('concurrency', 1, 1024),
    metrics: reader.parsed('metrics', reader.text('metrics'), parseMetrics),
    listenerDrainSeconds: reader.count('listener-drain-time', 45, 3600),
    // Services that a captured program calls are asked for then, which state of the world cannot do.
    delta: reader.flag('delta') || reader.flag('capture'),
    capture: reader.flag('capture'),
    drainMs: reader.number('drain-time', 5, 3600) * 1000,
    graceMs: reader.number('grace-time', 30, 3600) * 1000,
    startMs: reader.number('start-time', 60, 3600) * 1000,
    verbose: reader.flag('verbose'),
    gateway: reader.flag('gateway'),
    issueToken: reader.flag('issue-token'),
    command,
  };
}

/** Each service has an identity of its own, and its replicas the same: what one may, another need not. */
function ownAccount(service: string): string {
  return service.split('.')[0] ?? service;
}

class Reader {
  readonly faults: string[] = [];
  private readonly values: Values;

  constructor(values: Values) {
    this.values = values;
  }

  check(fault: string | undefined): void {
    if (fault !== undefined) this.faults.push(fault);
  }

  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  list(name: string): readonly string[] {
    return (this.values[name] as readonly string[] | undefined) ?? [];
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  number(name: string, usual: number, most: number): number {
    const text = this.text(name);
    if (text === undefined) return usual;
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value <= most) return value;
    this.faults.push(`--${name} ${text}: expected 0 to ${most}`);
    return usual;
  }

  /** A whole number, at least 1. */
  count(name: string, usual: number, most: number): number {
    const text = this.text(name);
    if (text === undefined) return usual;
    if (/^[1-9]\d*$/.test(text) && Number(text) <= most) return Number(text);
    this.faults.push(`--${name} ${text}: expected 1 to ${most}`);
    return usual;
  }

  parsed<T>(name: string, text: string | undefined, parse: (text: string) => T | string): T | undefined {
    if (text === undefined || text === '') return undefined;
    const value = parse(text);
    if (typeof value !== 'string') return value;
    this.faults.push(`--${name} ${text}: ${value}`);
    return undefined;
  }

  controlPlane(trustDomain: string): ControlPlaneOptions {
    const configDir = this.text('config-dir');
    const stateDir = this.text('state-dir') ?? (configDir === undefined ? undefined : `${configDir}/.weft-state`);
    const options: ControlPlaneOptions = {
      stateDir,
      secure: this.text('control-plane'),
      serverName: this.text('control-plane-name'),
      registry: this.text('registry'),
      insecureRegistry: this.flag('insecure-registry'),
      rootCert: this.text('root-cert'),
      token: this.text('token'),
      tokenFile: this.text('token-file'),
      trustDomain,
    };
    if (options.registry !== undefined) this.check(registryFault(options.registry, options.insecureRegistry));
    if (options.registry?.startsWith('https:') === true && this.flag('capture'))
      this.faults.push('--capture passes plain HTTP on to the registry: it cannot be at an https:// address');
    if (stateDir !== undefined) return options;
    const missing = [
      ...(options.secure === undefined ? ['--control-plane'] : []),
      ...(options.rootCert === undefined ? ['--root-cert'] : []),
      ...(options.token === undefined && options.tokenFile === undefined ? ['--token-file'] : []),
    ];
    if (missing.length > 0)
      this.faults.push(`where is the control plane? Give --config-dir, or else ${missing.join(', ')}`);
    return options;
  }
}

function help(): string {
  const lines = Object.entries(FLAGS).map(([name, flag]) => {
    const left = `--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`;
    return helpRow(`  ${left}`, flag.help, 30);
  });
  return [
    'Usage: weft run --name NAME [FLAGS] -- COMMAND [ARGUMENTS]',
    '       weft run --name NAME --gateway [FLAGS]',
    '       weft run --name NAME --issue-token --config-dir DIR [FLAGS]',
    '',
    'Starts a program as a workload of the mesh: with a sidecar, a certificate, and a registration.',
    '',
    ...lines,
    '',
    'The exit code is that of the program. docs/weft-run.md tells the rest.',
    '',
  ].join('\n');
}
