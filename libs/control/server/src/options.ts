import { helpRow, nearest } from '@weft/core-config-text';
import { LOG_LEVELS, type LogLevel } from '@weft/core-runtime';
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

/** The control plane's command line. Ports: 0 lets the system choose. */
export interface ControlPlaneOptions {
  /** A folder of YAML and JSON documents, watched. */
  readonly configDir: string;
  /** A file with the mesh's defaults in istiod's form, watched; `''`: what the documents say. */
  readonly meshConfig: string;
  /** Roots, keys and kept versions. Default: `.weft-state` beside the documents. */
  readonly stateDir: string;
  /** Where every port is opened. */
  readonly bindAddress: string;
  readonly ports: Ports;
  readonly trustDomain: string;
  readonly domainSuffix: string;
  readonly rootNamespace: string;
  readonly outboundTrafficPolicy: 'ALLOW_ANY' | 'REGISTRY_ONLY';
  /** `MeshConfig.scope`. */
  readonly scope: 'declared' | 'namespace' | 'mesh';
  /** A folder in the form of Istio's `cacerts`; `''`: a root of our own. */
  readonly caDir: string;
  /** How long certificates of workloads live, in milliseconds. */
  readonly certificateTtlMs: number;
  /** How far clocks may be apart: roots are kept as much longer, in milliseconds. */
  readonly clockSkewMs: number;
  /** How long a registration holds without being renewed, in milliseconds. */
  readonly leaseMs: number;
  /** Further names in the control plane's own certificate, and those that its debug port is asked by. */
  readonly dnsNames: readonly string[];
  /** `host:port` of a Zipkin; `''`: no spans. */
  readonly zipkin: string;
  readonly traceSamplingPercent: number;
  /** `''`: none. */
  readonly accessLogFile: string;
  /** Whom proxies send their access logs to: `host:port`, `control-plane`, or `''`: nobody. */
  readonly accessLogService: string;
  /** Whom proxies send their stats to, in the same form. */
  readonly metricsService: string;
  /** A layer of every proxy's runtime. */
  readonly runtimeValues: Readonly<Record<string, string>>;
  readonly redisFilter: boolean;
  readonly debounceQuietMs: number;
  readonly debounceMaxMs: number;
  /** How many versions of the documents are kept for `weft diff` and `weft rollback`. */
  readonly keptVersions: number;
  readonly logLevel: LogLevel;
}

export interface Ports {
  /** xDS without TLS. */
  readonly xds: number;
  /** xDS and the certificate authority, over mutual TLS. */
  readonly secure: number;
  readonly metrics: number;
  readonly debug: number;
}

export type ControlPlaneOptionsResult =
  | { readonly kind: 'options'; readonly options: ControlPlaneOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

/** The word for the control plane itself. */
const CONTROL_PLANE = 'control-plane';

const FLAGS = {
  'config-dir': { value: 'DIR', help: 'YAML and JSON documents of the mesh, watched (required)' },
  'mesh-config': {
    value: 'FILE',
    help: "the mesh's defaults as istiod reads them, watched (default: the ConfigMap istio, if there is one)",
  },
  'state-dir': { value: 'DIR', help: 'roots, keys, kept versions (default: DIR/.weft-state)' },
  'bind-address': { value: 'IP', help: 'open every port here (default 127.0.0.1: this machine only)' },
  'xds-port': { value: 'PORT', help: 'xDS without TLS (default 15010)' },
  'secure-port': { value: 'PORT', help: 'xDS and certificate authority over mutual TLS (default 15012)' },
  'metrics-port': { value: 'PORT', help: "metrics in Prometheus' format (default 15014)" },
  'debug-port': { value: 'PORT', help: 'status, dumps, registrations (default 8080)' },
  'trust-domain': { value: 'NAME', help: 'of all identities (default cluster.local)' },
  'domain-suffix': { value: 'NAME', help: 'of short host names (default cluster.local)' },
  'root-namespace': { value: 'NAME', help: 'whose policies hold for all (default istio-system)' },
  'outbound-traffic-policy': { value: 'MODE', help: 'ALLOW_ANY (default) or REGISTRY_ONLY' },
  scope: {
    value: 'MODE',
    help: 'of captured sidecars: declared (default; the rest on demand), namespace, or mesh: all from the start',
  },
  'ca-dir': {
    value: 'DIR',
    help: 'root-cert.pem, ca-cert.pem, ca-key.pem, cert-chain.pem (default: a root of its own)',
  },
  'certificate-ttl': { value: 'TIME', help: 'life of workload certificates: 90s, 30m, 24h (default 24h)' },
  'registration-lease': { value: 'TIME', help: 'until who does not renew is taken out (default 15s)' },
  'clock-skew': { value: 'TIME', help: 'how far the clocks of the machines may be apart (default 2m)' },
  'dns-names': { value: 'NAMES', help: 'further names in its own certificate and of its debug port, joined by commas' },
  zipkin: { value: 'HOST:PORT', help: 'proxies send their spans to this Zipkin (default: nowhere)' },
  'trace-sampling': { value: 'PERCENT', help: 'of calls that come without a trace (default 100)' },
  'access-log-file': { value: 'PATH', help: 'proxies log what they serve there, e.g. /dev/stdout (default: nowhere)' },
  'access-log-service': {
    value: 'HOST:PORT',
    help: 'proxies send access logs there over gRPC, or to "control-plane" (default: nowhere)',
  },
  'metrics-service': {
    value: 'HOST:PORT',
    help: 'sidecars of weft run send their stats there over gRPC, or to "control-plane" (default: nowhere)',
  },
  'runtime-values': { value: 'KEY=VALUE,…', help: "a layer of every proxy's runtime (default: an empty one)" },
  'redis-filter': { value: 'on|off', help: 'look into calls of Redis, and count commands (default off)' },
  'debounce-after': { value: 'TIME', help: 'push when nothing changed for this long (default 100ms)' },
  'debounce-max': { value: 'TIME', help: 'but wait no longer than this (default 10s)' },
  'kept-versions': { value: 'N', help: 'versions kept for weft diff and weft rollback (default 50)' },
  'log-level': { value: 'LEVEL', help: `${LOG_LEVELS.join('|')} (default info)` },
} as const;

type Flag = keyof typeof FLAGS;

export function parseControlPlaneOptions(args: readonly string[]): ControlPlaneOptionsResult {
  const config: ParseArgsOptionsConfig = { help: { type: 'boolean', short: 'h' } };
  for (const flag of Object.keys(FLAGS)) config[flag] = { type: 'string' };
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  if (values['help'] === true) return { kind: 'help', text: help() };
  const faults = tokens.flatMap((token) => (token.kind === 'option' ? flagFaults(token) : []));
  for (const word of positionals) faults.push(`"${word}" is no flag; all arguments are flags`);
  const reader = new Reader(values as Readonly<Record<string, string | undefined>>, faults);
  const options = read(reader);
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'options', options };
}

function flagFaults({ name, value }: { readonly name: string; readonly value?: string | undefined }): string[] {
  if (name === 'help' || name === 'h') return [];
  if (name in FLAGS) return value === undefined ? [`--${name} needs a value: ${FLAGS[name as Flag].value}`] : [];
  const suggestion = nearest(name, Object.keys(FLAGS));
  return [`there is no flag --${name}${suggestion === undefined ? '' : `; did you mean --${suggestion}?`}`];
}

function read(reader: Reader): ControlPlaneOptions {
  const configDir = reader.text('config-dir', '');
  if (configDir === '') reader.faults.push('--config-dir is missing: the folder with the documents of the mesh');
  return {
    configDir,
    meshConfig: reader.text('mesh-config', ''),
    stateDir: reader.text('state-dir', `${configDir}/.weft-state`),
    bindAddress: reader.text('bind-address', '127.0.0.1'),
    ports: {
      xds: reader.port('xds-port', 15010),
      secure: reader.port('secure-port', 15012),
      metrics: reader.port('metrics-port', 15014),
      debug: reader.port('debug-port', 8080),
    },
    trustDomain: reader.text('trust-domain', 'cluster.local'),
    domainSuffix: reader.text('domain-suffix', 'cluster.local'),
    rootNamespace: reader.text('root-namespace', 'istio-system'),
    outboundTrafficPolicy: reader.oneOf('outbound-traffic-policy', ['ALLOW_ANY', 'REGISTRY_ONLY'] as const),
    scope: reader.oneOf('scope', ['declared', 'namespace', 'mesh'] as const),
    caDir: reader.text('ca-dir', ''),
    certificateTtlMs: reader.time('certificate-ttl', 24 * 3_600_000),
    clockSkewMs: reader.time('clock-skew', 120_000),
    leaseMs: reader.time('registration-lease', 15_000),
    dnsNames: reader
      .text('dns-names', '')
      .split(',')
      .filter((name) => name !== ''),
    zipkin: reader.hostAndPort('zipkin'),
    traceSamplingPercent: reader.number('trace-sampling', 100, 0, 100),
    accessLogFile: reader.text('access-log-file', ''),
    accessLogService: reader.service('access-log-service'),
    metricsService: reader.service('metrics-service'),
    runtimeValues: reader.pairs('runtime-values'),
    redisFilter: reader.oneOf('redis-filter', ['off', 'on'] as const) === 'on',
    debounceQuietMs: reader.time('debounce-after', 100),
    debounceMaxMs: reader.time('debounce-max', 10_000),
    keptVersions: reader.number('kept-versions', 50, 1),
    logLevel: reader.oneOf('log-level', ['info', ...LOG_LEVELS.filter((level) => level !== 'info')] as const),
  };
}

/** Flag values by kind; what is wrong goes to `faults`. */
class Reader {
  readonly faults: string[];
  private readonly values: Readonly<Record<string, string | undefined>>;

  constructor(values: Readonly<Record<string, string | undefined>>, faults: string[]) {
    this.values = values;
    this.faults = faults;
  }

  text(flag: Flag, otherwise: string): string {
    const value = this.values[flag];
    return typeof value === 'string' ? value : otherwise;
  }

  number(flag: Flag, otherwise: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
    const text = this.text(flag, String(otherwise));
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    const upTo = max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`;
    this.faults.push(`--${flag} is "${text}"; expected a whole number from ${min}${upTo}`);
    return otherwise;
  }

  port(flag: Flag, otherwise: number): number {
    return this.number(flag, otherwise, 0, 65_535);
  }

  /** `host:port`; `''`: there is none. */
  hostAndPort(flag: Flag, or = ''): string {
    const text = this.text(flag, '');
    const port = Number(/^.+:(\d{1,5})$/.exec(text)?.[1] ?? Number.NaN);
    if (text === '' || (port > 0 && port <= 65_535)) return text;
    this.faults.push(`--${flag} is "${text}"; expected host:port${or}`);
    return '';
  }

  /** `host:port`, or this control plane; `''`: there is none. */
  service(flag: Flag): string {
    return this.text(flag, '') === CONTROL_PLANE ? CONTROL_PLANE : this.hostAndPort(flag, `, or ${CONTROL_PLANE}`);
  }

  /** `KEY=VALUE`, joined by commas. */
  pairs(flag: Flag): Readonly<Record<string, string>> {
    const pairs = this.text(flag, '')
      .split(',')
      .filter((pair) => pair !== '')
      .map((pair): [string, string] => {
        const at = pair.indexOf('=');
        if (at <= 0) this.faults.push(`--${flag} has "${pair}"; expected KEY=VALUE, joined by commas`);
        return [pair.slice(0, at), pair.slice(at + 1)];
      });
    return Object.fromEntries(pairs);
  }

  /** Milliseconds. */
  time(flag: Flag, otherwise: number): number {
    const text = this.text(flag, '');
    if (text === '') return otherwise;
    const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
    if (parts !== null) return Number(parts[1]) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[parts[2] as 'ms'];
    this.faults.push(`--${flag} is "${text}"; expected a time such as 100ms, 10s, 30m, 24h`);
    return otherwise;
  }

  /** The first is the default. */
  oneOf<T extends string>(flag: Flag, known: readonly [T, ...T[]]): T {
    const text = this.text(flag, known[0]);
    const found = known.find((one) => one === text);
    if (found !== undefined) return found;
    const suggestion = nearest(text, known);
    const hint = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
    this.faults.push(`--${flag} is "${text}"; expected ${known.join(', ')}${hint}`);
    return known[0];
  }
}

function help(): string {
  const rows = Object.entries(FLAGS).map(([flag, { value, help: text }]) => helpRow(`  --${flag} ${value}`, text, 36));
  return [
    'Usage: weft control-plane --config-dir DIR [FLAGS]',
    '',
    'Steers the proxies of a mesh that is described by the documents of a folder: translates them to xDS,',
    'gives out certificates, and answers what becomes of them. Port 0 lets the system choose.',
    '',
    'Flags:',
    ...rows,
    `  ${'-h, --help'.padEnd(34)}print this`,
    '',
  ].join('\n');
}
