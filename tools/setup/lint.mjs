// npm run lint: eslint with the module boundaries, then the formatter. The project graph is made first, because without one
// the boundary rule passes everything with a mere warning.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, weftNode } from './paths.mjs';

const env = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false' };
const nx = spawnSync(join(root, 'node_modules/.bin/nx'), ['show', 'projects'], { cwd: root, env, encoding: 'utf8' });
if (nx.status !== 0) {
  process.stderr.write(nx.stdout + nx.stderr);
  process.exit(1);
}
const run = (script, ...args) => {
  const result = spawnSync(weftNode, [join(root, script), ...args], {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  process.stdout.write(result.stdout);
  process.stderr.write(result.stderr);
  const blind = /No cached ProjectGraph/.test(result.stdout + result.stderr);
  if (blind) process.stderr.write('weft: the boundary rule had no project graph, so it checked nothing\n');
  return result.status === 0 && !blind;
};
const paths = process.argv.slice(2);
const linted = run(
  'node_modules/eslint/bin/eslint.js',
  '--max-warnings=0',
  ...(paths.length > 0 ? paths : ['apps', 'libs', 'tools']),
);
const formatted = run(
  'node_modules/prettier/bin/prettier.cjs',
  '--check',
  '--log-level=warn',
  ...(paths.length > 0 ? paths : ['.']),
);
if (linted && formatted) process.stdout.write('weft: lint and format are in order\n');
process.exit(linted && formatted ? 0 : 1);
