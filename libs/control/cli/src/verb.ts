import { CliError, EXIT, type CliIo } from './cli-io.ts';
import { readCommandLine, type CommandLine, type CommandSpec, type OptionSpec } from './command-line.ts';
import { CONTROL_PLANE_OPTION } from './control-plane-client.ts';
import { OUTPUT_OPTION } from './output.ts';

/** One verb: what it takes, and what it does. */
export interface Verb {
  readonly spec: CommandSpec;
  /** Gives the exit code. Throws CliError to end with a message. */
  readonly run: (line: CommandLine, io: CliIo) => Promise<number>;
}

/** The options that every verb has. */
export const COMMON_OPTIONS = { output: OUTPUT_OPTION, 'control-plane': CONTROL_PLANE_OPTION } as const;

/** Of verbs that take names: those that say no namespace are in this one. */
export const NAMESPACE_OPTION: OptionSpec = {
  value: 'NAME',
  short: 'n',
  help: 'of names that say none (default default)',
};

export async function runVerb({ spec, run }: Verb, args: readonly string[], io: CliIo): Promise<number> {
  const read = readCommandLine(spec, args);
  if (read.kind === 'help') {
    io.stdout(read.text);
    return EXIT.done;
  }
  if (read.kind === 'faults') {
    for (const fault of read.faults) io.stderr(`weft ${spec.name}: ${fault}\n`);
    io.stderr(`Usage: weft ${[spec.name, ...spec.takes, '[OPTIONS]'].join(' ')}; --help tells more.\n`);
    return EXIT.misuse;
  }
  return endingInWords(spec.name, io, () => run(read.line, io));
}

/** A CliError becomes its message and exit code. */
export async function endingInWords(name: string, io: CliIo, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    io.stderr(`weft ${name}: ${error.message}\n`);
    if (error.hint !== undefined) io.stderr(`${sentence(error.hint)}\n`);
    return error.exitCode;
  }
}

/** Commands and paths keep their small letters. */
function sentence(hint: string): string {
  const first = /^(weft|\/|--|\?)/.test(hint) ? (hint[0] ?? '') : (hint[0]?.toUpperCase() ?? '');
  return `${first}${hint.slice(1)}${/[.?]$/.test(hint) ? '' : '.'}`;
}
