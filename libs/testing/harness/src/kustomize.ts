import { execFile } from 'node:child_process';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { firstLineOf, inCache } from './program-cache.ts';

const run = promisify(execFile);

/** Built from its Go module where a machine has Go and no program that renders kustomizations. */
const KUSTOMIZE = 'sigs.k8s.io/kustomize/kustomize/v5@v5.7.1';
const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weft/bin');

/** Renders a folder with a kustomization to YAML documents. */
export type Kustomize = (folder: string) => Promise<string>;

async function works(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, args);
    return true;
  } catch {
    return false;
  }
}

/**
 * A real kustomize: that of `kubectl`, `kustomize` on the path, or one built from its Go module into the user's cache
 * (about 20 seconds, once). A string says why there is none.
 */
export async function findKustomize(): Promise<Kustomize | string> {
  // Components came with kustomize 3.7; a kubectl before 1.21 carries an older one, which has no `--help` for `-k` files.
  const hasKubectl = await works('kubectl', ['kustomize', '--enable-helm=false', '--help']);
  if (hasKubectl) return async (folder) => (await run('kubectl', ['kustomize', folder])).stdout;
  if (await works('kustomize', ['version']))
    return async (folder) => (await run('kustomize', ['build', folder])).stdout;
  try {
    const built = await inCache(join(CACHE, 'kustomize'), async (draft) => {
      const env = { ...process.env, GOBIN: draft, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' };
      await run('go', ['install', KUSTOMIZE], { env, cwd: tmpdir() });
      return join(draft, 'kustomize');
    });
    return async (folder) => (await run(built, ['build', folder])).stdout;
  } catch (error) {
    return `there is neither kubectl nor kustomize, and Go does not build one: ${firstLineOf(error)}`;
  }
}
