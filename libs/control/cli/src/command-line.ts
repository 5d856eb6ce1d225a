import { helpRow, nearest, wrapWords } from '@weft/core-config-text';
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

/** One option of a verb. Without `value` it is a switch. */
export interface OptionSpec {
  readonly value?: string;
  readonly short?: string;
  readonly help: string;
  /** Shown in the help, and taken where the option is missing. */
  readonly otherwise?: string;
  readonly oneOf?: readonly string[];
  /** A whole number. */
  readonly number?: boolean;
  readonly several?: boolean;
}

/** One verb of the command line. */
export interface CommandSpec {
  /** `proxy-status`, `authz why`. */
  readonly name: string;
  /** What it takes beside options: `PROXY` is needed, `[PROXY]` is not. */
  readonly takes: readonly string[];
  /** One line. */
  readonly summary: string;
  readonly about?: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples?: readonly string[];
}

/** A command line that was understood. */
export class CommandLine {
  readonly args: readonly string[];
  private readonly values: Readonly<Record<string, unknown>>;
  private readonly spec: CommandSpec;

  constructor(spec: CommandSpec, args: readonly string[], values: Readonly<Record<string, unknown>>) {
    this.spec = spec;
    this.args = args;
    this.values = values;
  }

  /** `''` where it is missing and has no default. */
  text(option: string): string {
    const value = this.values[option];
    return typeof value === 'string' ? value : (this.spec.options[option]?.otherwise ?? '');
  }

  texts(option: string): readonly string[] {
    const value = this.values[option];
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
  }

  /** A name as it was written, in the namespace of `--namespace` where it names none itself. */
  qualified(name: string): string {
    const namespace = this.text('namespace');
    return namespace === '' || /[./~:]/.test(name) ? name : `${name}.${namespace}`;
  }

  has(option: string): boolean {
    return this.values[option] === true;
  }
}

export type CommandLineResult =
  | { readonly kind: 'line'; readonly line: CommandLine }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

const HELP: OptionSpec = { short: 'h', help: 'print this' };

export function readCommandLine(spec: CommandSpec, args: readonly string[]): CommandLineResult {
  const options = { ...spec.options, help: HELP };
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: configOf(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  if (values['help'] === true) return { kind: 'help', text: commandHelp(spec) };
  const faults = tokens.flatMap((token) => (token.kind === 'option' ? optionFaults(options, token) : []));
  const needed = spec.takes.filter((name) => !name.startsWith('['));
  const most = spec.takes.some((name) => name.endsWith('…')) ? Number.POSITIVE_INFINITY : spec.takes.length;
  if (positionals.length < needed.length) faults.push(`${needed.slice(positionals.length).join(' and ')} missing`);
  // Behind an option that there is not, it is what was meant as its value.
  const known = Object.keys(options);
  const unknown = tokens.some((token) => token.kind === 'option' && !known.includes(token.name));
  for (const extra of unknown ? [] : positionals.slice(most)) faults.push(`"${extra}" is one word too many`);
  return faults.length > 0
    ? { kind: 'faults', faults }
    : { kind: 'line', line: new CommandLine(spec, positionals, values) };
}

function configOf(options: Readonly<Record<string, OptionSpec>>): ParseArgsOptionsConfig {
  return Object.fromEntries(
    Object.entries(options).map(([name, { value, short, several }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
        ...(several === true ? { multiple: true } : {}),
      },
    ]),
  );
}

function optionFaults(
  options: Readonly<Record<string, OptionSpec>>,
  { name, rawName, value }: { readonly name: string; readonly rawName: string; readonly value?: string | undefined },
): string[] {
  const spec = options[name];
  if (spec === undefined) {
    const suggestion = nearest(name, Object.keys(options));
    return [`there is no option ${rawName}${suggestion === undefined ? '' : `; did you mean --${suggestion}?`}`];
  }
  if (spec.value === undefined) return value === undefined ? [] : [`${rawName} takes no value`];
  if (value === undefined) return [`${rawName} needs a value: ${spec.value}`];
  if (spec.number === true && !/^\d+$/.test(value)) return [`${rawName} is "${value}"; expected a whole number`];
  if (spec.oneOf === undefined || spec.oneOf.includes(value)) return [];
  const suggestion = nearest(value, spec.oneOf);
  const hint = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
  return [`${rawName} is "${value}"; expected ${spec.oneOf.join(', ')}${hint}`];
}

export function commandHelp({ name, takes, summary, about = [], options, examples = [] }: CommandSpec): string {
  const rows = Object.entries({ ...options, help: HELP }).map(([option, { value, short, help, otherwise }]) => {
    const long = `--${option}${value === undefined ? '' : ` ${value}`}`;
    const left = short === undefined ? `    ${long}` : `-${short}, ${long}`;
    return helpRow(`  ${left}`, `${help}${otherwise === undefined ? '' : ` (default ${otherwise})`}`, 30);
  });
  return [
    `Usage: weft ${[name, ...takes, '[OPTIONS]'].join(' ')}`,
    '',
    ...wrapWords(`${summary[0]?.toUpperCase() ?? ''}${summary.slice(1)}.`),
    ...(about.length > 0 ? ['', ...wrapWords(about.join(' '))] : []),
    '',
    'Options:',
    ...rows,
    ...(examples.length > 0 ? ['', 'Examples:', ...examples.map((example) => `  ${example}`)] : []),
    '',
  ].join('\n');
}
