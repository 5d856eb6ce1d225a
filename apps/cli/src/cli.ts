import type { ListedVerb } from '@weft/control-cli';
import { APPS, becomeApp } from './apps.ts';
import { nearestVerb } from './nearest-verb.ts';
import { terminal } from './terminal.ts';
import { versionText } from './version.ts';

/** Runs one `weft` command line; the result is the exit code. Verbs that are apps go on running after it. */
export async function runCli(args: readonly string[]): Promise<number> {
  const [verb = '--help', ...rest] = args;
  if (verb === '--help' || verb === '-h' || verb === 'help') return print(help(await askingVerbs()));
  if (verb === '--version' || verb === '-v' || verb === 'version') return print(`${versionText()}\n`);
  if (APPS[verb] === undefined) {
    const verbs = await askingVerbs();
    const asked = verbs[verb];
    if (asked !== undefined) return asked.run(rest, await terminal());
    const suggestion = nearestVerb(verb, [...Object.keys(APPS), ...Object.keys(verbs)]);
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

/** Not loaded where an app is meant: a proxy starts without them. */
async function askingVerbs(): Promise<Readonly<Record<string, ListedVerb>>> {
  return (await import('@weft/control-cli')).VERBS;
}

function help(asking: Readonly<Record<string, ListedVerb>>): string {
  const verbs = Object.entries(asking);
  const rowsOf = (all: readonly (readonly [string, { readonly summary: string }])[]): string[] =>
    all.map(([verb, { summary }]) => `  ${verb.padEnd(15)}${summary}`);
  return [
    'Usage: weft COMMAND [ARGUMENTS]',
    '',
    'A service mesh in TypeScript.',
    '',
    'Run:',
    ...rowsOf(Object.entries(APPS)),
    '',
    'Ask the mesh:',
    ...rowsOf(verbs.filter(([, { group }]) => group === 'mesh')),
    '',
    'Documents:',
    ...rowsOf(verbs.filter(([, { group }]) => group === 'documents')),
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
