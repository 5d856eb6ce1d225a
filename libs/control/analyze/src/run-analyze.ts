import { CONFIG_FILE, LEADS_BACK, leadsBack, noFile } from '@weft/control-sources';
import { nearest, unreadable } from '@weft/core-config-text';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { analyzeSet } from './analyze.ts';
import { CODES, type Code, type Level } from './codes.ts';
import { formatMessages, type OutputFormat } from './format.ts';
import { reaches, type Message } from './message.ts';
import { readDocuments } from './read-documents.ts';

/** Where `weft analyze` writes. */
export interface AnalyzeOutput {
  stdout(text: string): void;
  stderr(text: string): void;
}

const USAGE = `usage: weft analyze [options] DIR|FILE…
       weft analyze [options] --control-plane URL

Tells what is wrong with resources before they are used, with file, line and what to do.
With --control-plane: with those that a control plane has in its folder now, in the mesh as it is.

  -n, --namespace NAME         only these are reported; resources that name none are in it
      --control-plane URL      asks this debug port (http://127.0.0.1:8080) and reads no files
      --mesh-config FILE       the mesh's defaults, as if they lay in the ConfigMap istio
  -o, --output FORMAT          log (default), json or yaml
      --failure-threshold L    at which the command fails: Error (default), Warning or Info
      --output-threshold L     the least level that is told: Warning (default), Info or Error
  -v, --verbose                the same as --output-threshold Info
  -S, --suppress CODE=RESOURCE leave it out: IST0118="Service db.default"; * stands for anything
  -L, --list-codes             all codes, and what they mean
`;
const LEVELS = ['Error', 'Warning', 'Info'] as const;
const FORMATS = ['log', 'json', 'yaml'] as const;
/** As istioctl: messages at or above the failure threshold. */
const FOUND = 79;
const MISUSED = 2;

/** Asks a control plane, by its URL, what is wrong with its documents. Rejects with words for people. */
export type AskControlPlane = (url: string) => Promise<readonly Message[]>;

/** Runs `weft analyze` and gives its exit code: 0, 79 where something bad was found, 2 where it was called wrongly. */
export async function runAnalyze(
  argv: readonly string[],
  output: AnalyzeOutput,
  ask: AskControlPlane,
): Promise<number> {
  const options = readOptions(argv);
  if (Array.isArray(options)) {
    for (const fault of options) output.stderr(`weft analyze: ${fault}\n`);
    output.stderr('Usage: weft analyze [OPTIONS] DIR|FILE…; --help tells more.\n');
    return MISUSED;
  }
  if (options.task === 'help') output.stdout(USAGE);
  else if (options.task === 'codes') output.stdout(listCodes());
  else if (options.controlPlane === undefined) return analyzePaths(options, output);
  else return tell(await ask(options.controlPlane), options, output);
  return 0;
}

interface Options {
  readonly task: 'help' | 'codes' | 'analyze';
  readonly paths: readonly string[];
  readonly controlPlane: string | undefined;
  readonly meshConfig: string | undefined;
  readonly namespace: string | undefined;
  readonly format: OutputFormat;
  readonly failure: Level;
  readonly threshold: Level;
  readonly suppress: readonly string[];
}

const FLAGS = {
  namespace: { type: 'string', short: 'n' },
  'control-plane': { type: 'string' },
  'mesh-config': { type: 'string' },
  output: { type: 'string', short: 'o' },
  'failure-threshold': { type: 'string' },
  'output-threshold': { type: 'string' },
  verbose: { type: 'boolean', short: 'v' },
  suppress: { type: 'string', short: 'S', multiple: true },
  'list-codes': { type: 'boolean', short: 'L' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Faults of the command line, if it has any. */
function readOptions(argv: readonly string[]): Options | string[] {
  const parsed = parseArgs({ args: [...argv], allowPositionals: true, options: FLAGS, strict: false, tokens: true });
  const faults = parsed.tokens.flatMap((token) => (token.kind === 'option' ? flagFaults(token) : []));
  if (faults.length > 0) return faults;
  const { positionals: paths } = parsed;
  const values = parsed.values as Readonly<Record<string, string | boolean | string[] | undefined>>;
  const text = (name: keyof typeof FLAGS): string | undefined => values[name] as string | undefined;
  const oneOf = <T extends string>(name: keyof typeof FLAGS, allowed: readonly T[], usual: T): T => {
    const value = text(name) ?? usual;
    const found = allowed.find((one) => one.toLowerCase() === value.toLowerCase());
    if (found === undefined) faults.push(`--${name} is ${value}, and must be one of ${allowed.join(', ')}`);
    return found ?? usual;
  };
  const failure = oneOf('failure-threshold', LEVELS, 'Error');
  const threshold = oneOf('output-threshold', LEVELS, values['verbose'] === true ? 'Info' : 'Warning');
  const task = values['help'] === true ? 'help' : values['list-codes'] === true ? 'codes' : 'analyze';
  const controlPlane = text('control-plane');
  const meshConfig = text('mesh-config');
  if (task === 'analyze' && controlPlane === undefined && meshConfig === undefined && paths.length === 0)
    faults.push('which directory? Or --control-plane URL, to ask what lies in the folder of a control plane');
  if (controlPlane !== undefined && (paths.length > 0 || meshConfig !== undefined))
    faults.push('--control-plane reads no files: it is asked about its own');
  const options: Options = {
    task,
    paths,
    controlPlane,
    meshConfig,
    namespace: text('namespace'),
    format: oneOf('output', FORMATS, 'log'),
    failure,
    // What makes the command fail is told.
    threshold: reaches(threshold, failure) ? failure : threshold,
    suppress: (values['suppress'] as string[] | undefined) ?? [],
  };
  return faults.length > 0 ? faults : options;
}

function flagFaults({ name, rawName, value }: { name: string; rawName: string; value?: string | undefined }): string[] {
  const flag = Object.entries(FLAGS).find(([known]) => known === name)?.[1];
  if (flag === undefined) {
    const suggestion = nearest(name, Object.keys(FLAGS));
    return [`there is no option ${rawName}${suggestion === undefined ? '' : `; did you mean --${suggestion}?`}`];
  }
  if (flag.type === 'string') return value === undefined || value === '' ? [`${rawName} needs a value`] : [];
  return value === undefined ? [] : [`${rawName} takes no value`];
}

function analyzePaths(options: Options, output: AnalyzeOutput): number {
  const { meshConfig, namespace, paths } = options;
  const texts = new Map<string, string>();
  for (const path of [...paths, ...(meshConfig === undefined ? [] : [meshConfig])]) {
    const problem = collect(path, path, texts);
    if (problem === undefined) continue;
    output.stderr(`weft analyze: ${problem}\n`);
    return MISUSED;
  }
  const documents = readDocuments(texts, {
    ...(namespace === undefined ? {} : { namespace }),
    ...(meshConfig === undefined ? {} : { meshConfigFile: meshConfig }),
  });
  return tell(analyzeSet(documents), options, output);
}

function subjectOf({ namespace, controlPlane, paths, meshConfig }: Options): string {
  if (namespace !== undefined) return `namespace: ${namespace}`;
  return controlPlane ?? [...paths, ...(meshConfig === undefined ? [] : [meshConfig])].join(', ');
}

function tell(all: readonly Message[], options: Options, output: AnalyzeOutput): number {
  const suppressed = options.suppress.map(suppression);
  const found = all.filter(
    (message) =>
      !suppressed.some((test) => test(message)) &&
      (options.namespace === undefined ||
        message.ref === undefined ||
        ['', options.namespace].includes(message.ref.namespace)),
  );
  const messages = found.filter(({ level }) => reaches(level, options.threshold));
  const notes = found.filter(({ level }) => level === 'Info' && !reaches(level, options.threshold)).length;
  const subject = subjectOf(options);
  output.stdout(formatMessages(messages, options.format));
  if (messages.length === 0 && options.format === 'log') {
    const more = notes === 0 ? '' : ` ${notes} ${notes === 1 ? 'note' : 'notes'}: --verbose.`;
    output.stdout(`✔ No validation issues found when analyzing ${subject}.${more}\n`);
  }
  if (!messages.some(({ level }) => reaches(level, options.failure))) return 0;
  output.stderr(
    `Error: Analyzers found issues when analyzing ${subject}.\nSee docs/analyze.md for what the codes mean.\n`,
  );
  return FOUND;
}

/** Reads a file, or all *.yaml, *.yml and *.json below a directory, as the control plane does; gives what went wrong. */
function collect(path: string, base: string, texts: Map<string, string>): string | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) {
      if (path !== base && leadsBack(path, base)) return `${path} ${LEADS_BACK}`;
      for (const name of readdirSync(path)) {
        const problem = name.startsWith('.') ? undefined : collect(join(path, name), base, texts);
        if (problem !== undefined) return problem;
      }
      return undefined;
    }
    // What is named on the command line is read, whatever it is: `<(kubectl …)`.
    if (path !== base && !CONFIG_FILE.test(path)) return undefined;
    const fault = path === base || stats === undefined ? undefined : noFile(stats);
    if (fault !== undefined) return `cannot read ${path}: it ${fault}`;
    texts.set(path, readFileSync(path, 'utf8'));
    return undefined;
  } catch (error) {
    return `cannot read ${path}: ${unreadable(error)}`;
  }
}

function suppression(text: string): (message: Message) => boolean {
  const [code = '', resource = '*'] = text.split('=');
  const pattern = new RegExp(
    `^${resource
      .split('*')
      .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );
  return ({ code: own, ref }) =>
    own === code &&
    pattern.test(ref === undefined ? '' : `${ref.kind} ${ref.name}${ref.namespace === '' ? '' : `.${ref.namespace}`}`);
}

function listCodes(): string {
  const rows = Object.entries(CODES) as [Code, (typeof CODES)[Code]][];
  return rows.map(([code, { level, name, meaning }]) => `${code} ${level.padEnd(7)} ${name}: ${meaning}\n`).join('');
}
