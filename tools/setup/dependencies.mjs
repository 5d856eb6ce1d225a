import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, weftNode } from './paths.mjs';

const stamp = join(root, 'node_modules/.weft-lock');

/** Installs what package-lock.json says, unless just that is installed. Nothing to do costs a few milliseconds. */
export async function installDependencies() {
  const want = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(weftNode) && existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return;
  process.stdout.write('weft: installing dependencies (npm ci), once …\n');
  // npm_execpath is the npm that runs this script; without it, the one on the path.
  const npm = process.env.npm_execpath;
  const run = spawnSync(
    npm ? process.execPath : 'npm',
    [...(npm ? [npm] : []), 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  if (run.status !== 0) {
    process.stderr.write('weft: npm ci failed, see above. Is a package registry in reach?\n');
    process.exit(1);
  }
  writeFileSync(stamp, want);
}
