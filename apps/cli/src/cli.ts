import { nearestVerb } from './nearest-verb.ts';
import { APPS, becomeApp } from './apps.ts';
import { versionText } from './version.ts';

/** Runs one `weft` command line; the result is the exit code. Verbs that are apps go on running after it. */
export async function runCli(args: readonly string[]): Promise<number> {
  const [verb = '--help', ...rest] = args;
  if (verb === '--help' || verb === '-h' || verb === 'help') return print(help());
  if (verb === '--version' || verb === '-v' || verb === 'version') return print(`${versionText()}\n`);
  if (APPS[verb] === undefined) {
    const suggestion = nearestVerb(verb, Object.keys(APPS));
    process.stderr.write(
      `weft: there is no command "${verb}"${suggestion === undefined ? '' : `; did you mean "${suggestion}"?`}\n`,
    );
    process.stderr.write('Run weft --help for the commands.\n');
    return 2;
  }
  await becomeApp(verb, rest);
  // The app may have set one; anything else would end it before its time.
  return typeof process.exitCode === 'number' ? process.exitCode : 0;
}

function help(): string {
  const rows = Object.entries(APPS).map(([verb, { summary }]) => `  ${verb.padEnd(15)}${summary}`);
  return [
    'Usage: weft COMMAND [ARGUMENTS]',
    '',
    'A service mesh in TypeScript.',
    '',
    'Commands:',
    ...rows,
    '',
    'Options:',
    "  -h, --help     print this; weft COMMAND --help prints a command's own help",
    '  -v, --version  print the version',
    '',
  ].join('\n');
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
