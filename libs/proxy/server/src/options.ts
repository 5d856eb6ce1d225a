import { nearest } from '@weft/api-envoy';
import { LOG_LEVELS, type LogLevel } from '@weft/core-runtime';
import { COMPONENTS } from './components.ts';
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

/** The proxy's command line, by Envoy's flags. */
export interface ProxyOptions {
  /** `''`: no file; then `configYaml` is all there is. */
  readonly configPath: string;
  /** Merged over the file. */
  readonly configYaml: string;
  readonly mode: 'serve' | 'validate' | 'init_only';
  readonly logLevel: LogLevel;
  readonly componentLogLevels: ReadonlyMap<string, LogLevel>;
  readonly logPath: string;
  readonly concurrency: number;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly serviceZone: string;
  readonly baseId: number;
  readonly restartEpoch: number;
  readonly drainTimeS: number;
  readonly parentShutdownTimeS: number;
  readonly drainStrategy: 'gradual' | 'immediate';
  readonly fileFlushIntervalMs: number;
  /** The bound admin address is written here. */
  readonly adminAddressPath: string;
  readonly localAddressIpVersion: 'v4' | 'v6';
  readonly disableHotRestart: boolean;
  /** True: `--base-id` was given, so that it must be free. */
  readonly baseIdGiven: boolean;
  readonly useDynamicBaseId: boolean;
  /** The base id is written here; `''`: nowhere. */
  readonly baseIdPath: string;
  readonly skipHotRestartParentStats: boolean;
  readonly skipHotRestartOnNoParent: boolean;
  /** `@…` is a name without a file. */
  readonly socketPath: string;
  /** Permissions of a socket that is a file. */
  readonly socketMode: number;
  /** What would be a warning is refused. */
  readonly strict: boolean;
}

export type OptionsResult =
  | { readonly kind: 'options'; readonly options: ProxyOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'hotRestartVersion' }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

interface Flag {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly help: string;
  /** Accepted for Envoy's sake and without effect; the reason. */
  readonly noEffect?: string;
}

const TAKEN = 'taken, without effect';
const ONE_FORMAT = "Weft's log has one format, Envoy's default";

const FLAGS: Readonly<Record<string, Flag>> = {
  'config-path': { type: 'string', short: 'c', help: 'the bootstrap: YAML (.yaml, .yml) or JSON (.json)' },
  'config-yaml': { type: 'string', help: 'bootstrap YAML given in place, merged over the file' },
  mode: { type: 'string', help: 'serve (default), validate or init_only: check or start, and exit' },
  'log-level': { type: 'string', short: 'l', help: `${LOG_LEVELS.join('|')} (default info)` },
  'component-log-level': { type: 'string', help: 'levels by component: upstream:debug,http:trace' },
  'log-path': { type: 'string', help: 'write the log to this file, not to standard error' },
  concurrency: { type: 'string', help: 'worker threads (default 1: no threads beside the main one)' },
  'service-cluster': { type: 'string', help: "the node's cluster, over node.cluster of the bootstrap" },
  'service-node': { type: 'string', help: "the node's id, over node.id of the bootstrap" },
  'service-zone': { type: 'string', help: "the node's zone, over node.locality.zone" },
  'base-id': { type: 'string', help: 'tells several proxies on one machine apart (default 0)' },
  'use-dynamic-base-id': { type: 'boolean', help: 'choose a base id that is free' },
  'base-id-path': { type: 'string', help: 'write the base id to this file' },
  'restart-epoch': { type: 'string', help: 'how often it was hot restarted (default 0)' },
  'drain-time-s': { type: 'string', help: 'seconds that draining may take (default 600)' },
  'parent-shutdown-time-s': { type: 'string', help: 'seconds until the parent exits (default 900)' },
  'drain-strategy': { type: 'string', help: 'gradual (default) or immediate' },
  'file-flush-interval-msec': { type: 'string', help: 'between flushes of access logs (default 10000)' },
  'admin-address-path': { type: 'string', help: 'write the bound admin address to this file' },
  'local-address-ip-version': { type: 'string', help: 'v4 (default) or v6' },
  'disable-hot-restart': { type: 'boolean', help: 'no hot restart' },
  'reject-unknown-dynamic-fields': {
    type: 'boolean',
    help: TAKEN,
    noEffect: 'Weft always refuses unknown fields',
  },
  'cpuset-threads': { type: 'boolean', help: TAKEN, noEffect: 'the system places the threads' },
  'enable-fine-grain-logging': { type: 'boolean', help: TAKEN, noEffect: 'Weft logs by component' },
  'allow-unknown-fields': { type: 'boolean', help: TAKEN, noEffect: 'Weft always refuses unknown fields' },
  'allow-unknown-static-fields': { type: 'boolean', help: TAKEN, noEffect: 'Weft always refuses unknown fields' },
  'ignore-unknown-dynamic-fields': {
    type: 'boolean',
    help: TAKEN,
    noEffect: 'Weft always refuses unknown fields',
  },
  'skip-deprecated-logs': { type: 'boolean', help: TAKEN, noEffect: 'Weft always names older forms' },
  'enable-mutex-tracing': { type: 'boolean', help: TAKEN, noEffect: 'Weft has no mutexes' },
  'enable-core-dump': { type: 'boolean', help: TAKEN, noEffect: "set the system's limit (ulimit -c)" },
  'skip-hot-restart-on-no-parent': { type: 'boolean', help: 'start all the same when there is no parent' },
  'skip-hot-restart-parent-stats': { type: 'boolean', help: "do not add the parent's stats" },
  'socket-path': { type: 'string', help: 'where parent and child meet (default @weft_domain_socket)' },
  'socket-mode': { type: 'string', help: 'permissions of that socket as a file (default 600)' },
  'hot-restart-version': { type: 'boolean', help: 'print what two processes of a hot restart must share' },
  'file-flush-min-size-kb': { type: 'string', help: TAKEN, noEffect: 'Weft flushes at 64 KiB' },
  'disable-extensions': { type: 'string', help: TAKEN, noEffect: 'leave the extensions out of the configuration' },
  'stats-tag': { type: 'string', help: TAKEN, noEffect: 'Weft takes tags from stat names by its own table' },
  'log-format-escaped': { type: 'boolean', help: TAKEN, noEffect: ONE_FORMAT },
  'log-stacktrace-single-entry': { type: 'boolean', help: TAKEN, noEffect: ONE_FORMAT },
  'log-format': { type: 'string', help: TAKEN, noEffect: ONE_FORMAT },
  strict: {
    type: 'boolean',
    help: 'refuse what would be a warning: fields that Weft lacks',
  },
  version: { type: 'boolean', help: 'print the version' },
  help: { type: 'boolean', short: 'h', help: 'print this' },
};

/** Reads the arguments after `weft proxy`; every fault at once. */
export function parseProxyOptions(args: readonly string[]): OptionsResult {
  const faults: string[] = [];
  const config: ParseArgsOptionsConfig = {};
  for (const [name, { type, short }] of Object.entries(FLAGS))
    config[name] = short === undefined ? { type } : { type, short };
  const known = args.filter((arg) => isKnown(arg, faults));
  if (faults.length > 0) return { kind: 'faults', faults };
  let values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  try {
    const read = parseArgs({ args: known, options: config, strict: true, allowPositionals: false, tokens: true });
    values = read.values;
    refuseTwins(read.tokens, faults);
  } catch (error) {
    return { kind: 'faults', faults: [(error as Error).message.split('\n')[0] as string] };
  }
  if (values['help'] === true) return { kind: 'help' };
  if (values['version'] === true) return { kind: 'version' };
  if (values['hot-restart-version'] === true) return { kind: 'hotRestartVersion' };
  const reader = new Reader(values, faults);
  const options = reader.options();
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'options', options };
}

/** Flags that were given and do nothing, each with why. */
export function flagsWithoutEffect(args: readonly string[]): string[] {
  const given = new Set(args.map((arg) => arg.replace(/^--/, '').replace(/=.*/, '')));
  return Object.entries(FLAGS).flatMap(([name, { noEffect }]) =>
    noEffect !== undefined && given.has(name) ? [`--${name} has no effect: ${noEffect}`] : [],
  );
}

export function proxyHelp(): string {
  const rowsOf = (wanted: (flag: Flag) => boolean): string =>
    Object.entries(FLAGS)
      .filter(([, flag]) => wanted(flag))
      .map(([name, { type, short, help }]) => {
        const flag = `${short === undefined ? '    ' : `-${short}, `}--${name}${type === 'string' ? ' VALUE' : ''}`;
        return `  ${flag.padEnd(40)}${help}\n`;
      })
      .join('');
  const works = rowsOf(({ noEffect }) => noEffect === undefined);
  const takenOnly = rowsOf(({ noEffect }) => noEffect !== undefined);
  return `Usage: weft proxy -c FILE [flags]\n\nRuns a proxy from an Envoy bootstrap.\n\n${works}\nFlags of Envoy that change nothing here:\n\n${takenOnly}`;
}

/** A second value would silently win over the first. */
function refuseTwins(tokens: readonly { readonly kind: string; readonly name?: string }[], faults: string[]): void {
  const seen = new Set<string>();
  for (const { kind, name = '' } of tokens) {
    if (kind !== 'option' || name === 'stats-tag') continue;
    if (seen.has(name)) faults.push(`--${name} is given twice`);
    seen.add(name);
  }
}

function isKnown(arg: string, faults: string[]): boolean {
  if (!arg.startsWith('--') || arg === '--') return true;
  const name = arg.slice(2).replace(/=.*/, '');
  if (FLAGS[name] !== undefined) return true;
  const suggestion = nearest(name, Object.keys(FLAGS));
  faults.push(`there is no flag --${name}${suggestion === undefined ? '' : `; did you mean --${suggestion}?`}`);
  return false;
}

/** Reads typed values out of what parseArgs gave. */
class Reader {
  private readonly values: Readonly<Record<string, unknown>>;
  private readonly faults: string[];

  constructor(values: Readonly<Record<string, unknown>>, faults: string[]) {
    this.values = values;
    this.faults = faults;
  }

  options(): ProxyOptions {
    const configPath = this.text('config-path');
    const configYaml = this.text('config-yaml');
    if (configPath === '' && configYaml === '')
      this.faults.push('no configuration: give -c FILE or --config-yaml YAML');
    if (this.values['use-dynamic-base-id'] === true && this.number('restart-epoch', 0) > 0)
      this.faults.push('--restart-epoch needs the base id of the parent: it does not go with --use-dynamic-base-id');
    return {
      configPath,
      configYaml,
      mode: this.choice('mode', ['serve', 'validate', 'init_only'] as const, 'serve'),
      logLevel: this.choice('log-level', LOG_LEVELS, 'info'),
      componentLogLevels: this.componentLevels(),
      logPath: this.text('log-path'),
      concurrency: Math.max(1, this.number('concurrency', 1)),
      serviceCluster: this.text('service-cluster'),
      serviceNode: this.text('service-node'),
      serviceZone: this.text('service-zone'),
      baseId: this.number('base-id', 0),
      restartEpoch: this.number('restart-epoch', 0),
      drainTimeS: this.number('drain-time-s', 600),
      parentShutdownTimeS: this.number('parent-shutdown-time-s', 900),
      drainStrategy: this.choice('drain-strategy', ['gradual', 'immediate'] as const, 'gradual'),
      fileFlushIntervalMs: this.number('file-flush-interval-msec', 10_000),
      adminAddressPath: this.text('admin-address-path'),
      localAddressIpVersion: this.choice('local-address-ip-version', ['v4', 'v6'] as const, 'v4'),
      disableHotRestart: this.values['disable-hot-restart'] === true,
      baseIdGiven: this.text('base-id') !== '',
      useDynamicBaseId: this.values['use-dynamic-base-id'] === true,
      baseIdPath: this.text('base-id-path'),
      skipHotRestartParentStats: this.values['skip-hot-restart-parent-stats'] === true,
      skipHotRestartOnNoParent: this.values['skip-hot-restart-on-no-parent'] === true,
      socketPath: this.text('socket-path') || '@weft_domain_socket',
      socketMode: this.socketMode(),
      strict: this.values['strict'] === true,
    };
  }

  private text(name: string): string {
    const value = this.values[name];
    return typeof value === 'string' ? value : '';
  }

  private number(name: string, otherwise: number): number {
    const text = this.text(name);
    if (text === '') return otherwise;
    if (!/^\d+$/.test(text)) this.faults.push(`--${name} ${text} is not a whole number`);
    return Number(text);
  }

  private choice<T extends string>(name: string, choices: readonly T[], otherwise: T): T {
    const text = this.text(name).toLowerCase();
    if (text === '') return otherwise;
    // Envoy's own short form of a level.
    const value =
      text === 'warn' && name === 'log-level' ? 'warning' : text === 'err' && name === 'log-level' ? 'error' : text;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) this.faults.push(`--${name} ${text} is not one of ${choices.join(', ')}`);
    return found ?? otherwise;
  }

  /** Octal, as chmod takes it. */
  private socketMode(): number {
    const text = this.text('socket-mode');
    if (text === '') return 0o600;
    if (!/^[0-7]{1,4}$/.test(text)) this.faults.push(`--socket-mode ${text} is no file mode, such as 600`);
    return Number.parseInt(text, 8);
  }

  private componentLevels(): ReadonlyMap<string, LogLevel> {
    const levels = new Map<string, LogLevel>();
    for (const part of this.text('component-log-level').split(',')) {
      if (part === '') continue;
      const [component = '', level = ''] = part.split(':');
      const found = LOG_LEVELS.find((candidate) => candidate === level);
      if (found === undefined) this.faults.push(`--component-log-level ${part} is not COMPONENT:LEVEL`);
      else if (!COMPONENTS.includes(component)) {
        const suggestion = nearest(component, COMPONENTS);
        this.faults.push(
          `--component-log-level: there is no component "${component}"${suggestion === undefined ? '' : `; did you mean "${suggestion}"?`}`,
        );
      } else levels.set(component, found);
    }
    return levels;
  }
}
