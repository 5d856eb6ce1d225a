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

Tells what is wrong with resources before they are used, with file, line and what to do.

  -n, --namespace NAME         only resources of this namespace are reported; those that name none are in it
  -o, --output FORMAT          log (default), json or yaml
      --failure-threshold L    the level that makes the command fail: Error (default), Warning or Info
      --output-threshold L     the least level that is told: Warning (default), Info or Error
  -v, --verbose                the same as --output-threshold Info
  -S, --suppress CODE=RESOURCE leave out a code for a resource: IST0118="Service db.default"; * stands for anything
  -L, --list-codes             all codes, and what they mean
`;
const LEVELS = ['Error', 'Warning', 'Info'] as const;
const FORMATS = ['log', 'json', 'yaml'] as const;
/** As istioctl: messages at or above the failure threshold. */
const FOUND = 79;
const MISUSED = 2;

/** Runs `weft analyze` and gives its exit code: 0, 79 where something bad was found, 2 where it was called wrongly. */
export function runAnalyze(argv: readonly string[], output: AnalyzeOutput): number {
  let options: Options;
  try {
    options = readOptions(argv);
  } catch (error) {
    output.stderr(`weft analyze: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return MISUSED;
  }
  if (options.task === 'help') output.stdout(USAGE);
  else if (options.task === 'codes') output.stdout(listCodes());
  else return analyzePaths(options, output);
  return 0;
}

interface Options {
  readonly task: 'help' | 'codes' | 'analyze';
  readonly paths: readonly string[];
  readonly namespace: string | undefined;
  readonly format: OutputFormat;
  readonly failure: Level;
  readonly threshold: Level;
  readonly suppress: readonly string[];
}

function readOptions(argv: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      namespace: { type: 'string', short: 'n' },
      output: { type: 'string', short: 'o', default: 'log' },
      'failure-threshold': { type: 'string', default: 'Error' },
      'output-threshold': { type: 'string' },
      verbose: { type: 'boolean', short: 'v', default: false },
      suppress: { type: 'string', short: 'S', multiple: true, default: [] },
      'list-codes': { type: 'boolean', short: 'L', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const failure = oneOf(values['failure-threshold'], LEVELS, '--failure-threshold');
  const task = values.help ? 'help' : values['list-codes'] ? 'codes' : 'analyze';
  if (task === 'analyze' && positionals.length === 0) throw new Error('which directory?');
  return {
    task,
    paths: positionals,
    namespace: values.namespace,
    format: oneOf(values.output, FORMATS, '--output'),
    failure,
    threshold: thresholdOf(values['output-threshold'] ?? (values.verbose ? 'Info' : 'Warning'), failure),
    suppress: values.suppress,
  };
}

/** What makes the command fail is told. */
function thresholdOf(text: string, failure: Level): Level {
  const wanted = oneOf(text, LEVELS, '--output-threshold');
  return reaches(wanted, failure) ? failure : wanted;
}

function oneOf<T extends string>(value: string, allowed: readonly T[], option: string): T {
  const found = allowed.find((one) => one.toLowerCase() === value.toLowerCase());
  if (found === undefined) throw new Error(`${option} is ${value}, and must be one of ${allowed.join(', ')}`);
  return found;
}

function analyzePaths(options: Options, output: AnalyzeOutput): number {
  const texts = new Map<string, string>();
  for (const path of options.paths) {
    const problem = collect(path, texts);
    if (problem === undefined) continue;
    output.stderr(`weft analyze: ${problem}\n`);
    return MISUSED;
  }
  const documents = readDocuments(texts, options.namespace === undefined ? {} : { namespace: options.namespace });
  const suppressed = options.suppress.map(suppression);
  const found = analyzeSet(documents).filter(
    (message) =>
      !suppressed.some((test) => test(message)) &&
      (options.namespace === undefined ||
        message.ref === undefined ||
        ['', options.namespace].includes(message.ref.namespace)),
  );
  const messages = found.filter(({ level }) => reaches(level, options.threshold));
  const notes = found.filter(({ level }) => level === 'Info' && !reaches(level, options.threshold)).length;
  const subject = options.namespace === undefined ? `${options.paths.join(', ')}` : `namespace: ${options.namespace}`;
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

/** Reads a file, or all *.yaml, *.yml and *.json below a directory; gives what went wrong. */
function collect(path: string, texts: Map<string, string>): string | undefined {
  try {
    if (!statSync(path).isDirectory()) {
      texts.set(path, readFileSync(path, 'utf8'));
      return undefined;
    }
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || (!entry.isDirectory() && !/\.(ya?ml|json)$/.test(entry.name))) continue;
      const problem = collect(join(path, entry.name), texts);
      if (problem !== undefined) return problem;
    }
    return undefined;
  } catch (error) {
    return `cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
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
