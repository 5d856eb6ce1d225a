import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { WORKSPACE } from '../workspace.ts';

/** Where `tools/demo-bundles.mjs` puts them: a folder for each state of the sources, and a note of the newest. */
export const BUNDLED = join(WORKSPACE, '.weft/bundled');
/** In a folder of bundles, `weft run`; the proxy lies beside it as it does among the sources. */
export const WORKLOAD_BUNDLE = 'workload/src/main.js';

/** What the tool notes. */
interface Note {
  readonly folder: string;
  /** Every file that was read, as `size time`. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** The folder with bundles of the sources as they are; undefined: there is none. */
export function freshBundles(bundled: string = BUNDLED): string | undefined {
  try {
    const { folder, inputs } = JSON.parse(readFileSync(join(bundled, 'newest.json'), 'utf8')) as Note;
    if (!Object.entries(inputs).every(([file, seen]) => stateOf(file) === seen)) return undefined;
    return statSync(join(folder, WORKLOAD_BUNDLE)).isFile() ? folder : undefined;
  } catch {
    return undefined;
  }
}

function stateOf(file: string): string {
  const { size, mtimeMs } = statSync(file);
  return `${size} ${mtimeMs}`;
}
