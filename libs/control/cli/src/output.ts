import { stringify } from 'yaml';
import type { CliIo } from './cli-io.ts';
import type { CommandLine, OptionSpec } from './command-line.ts';

export const OUTPUT_OPTION: OptionSpec = {
  value: 'FORMAT',
  short: 'o',
  help: 'table, json or yaml',
  otherwise: 'table',
  oneOf: ['table', 'json', 'yaml'],
};

/** The value as `-o` asks; as a table by `text`. */
export function print(io: CliIo, line: CommandLine, value: unknown, text: () => string): void {
  switch (line.text('output')) {
    case 'json':
      return io.stdout(`${JSON.stringify(value, undefined, 2)}\n`);
    case 'yaml':
      return io.stdout(stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }));
    default:
      return io.stdout(text());
  }
}
