// npm run typecheck: generates the API's types where they are stale, then checks every source of the workspace at once.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root, weftNode } from './paths.mjs';

const run = (...args) => {
  const { status } = spawnSync(weftNode, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};
run('libs/api/envoy/tools/generate-types.mjs');
run('node_modules/ts7/bin/tsc', '-p', 'tsconfig.json');
for (const app of ['apps/videos-web']) {
  if (existsSync(join(root, app, 'tsconfig.json'))) run('node_modules/ts7/bin/tsc', '-p', `${app}/tsconfig.json`);
}
process.stdout.write('weft: types are in order\n');
