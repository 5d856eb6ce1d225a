// npm test: sets up what the suites need, runs every project's tests under Nx, and closes with the counts that the
// runners reported. Arguments go to Nx (`npm test -- --projects=net-h1 --skip-nx-cache`).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, weftNode } from './paths.mjs';
import { ensurePrograms } from './system-packages.mjs';

const say = (line) => process.stdout.write(`weft: ${line}\n`);
const PROGRAMS = ['redis-server', 'chromium', 'promtool', 'openssl', 'java', 'javac', 'mvn', 'python3', 'go'];
for (const line of ensurePrograms(PROGRAMS, say)) say(line);

const reports = join(root, '.reports');
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports);
const nx = join(root, 'node_modules/nx/dist/bin/nx.js');
const run = spawnSync(
  weftNode,
  [
    existsSync(nx) ? nx : join(root, 'node_modules/nx/bin/nx.js'),
    'run-many',
    '-t',
    'test',
    '--outputStyle=static',
    '--parallel=2',
    // CI proves something only by running it: a result from somebody's cache is no run.
    ...(process.env.CI === 'true' ? ['--skip-nx-cache'] : []),
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false' } },
);

let passed = 0;
let failed = 0;
const skipped = [];
for (const file of readdirSync(reports).filter((name) => name.endsWith('.json'))) {
  const report = JSON.parse(readFileSync(join(reports, file), 'utf8'));
  passed += report.passed;
  failed += report.failed;
  for (const test of report.skipped) skipped.push(`${report.project}: ${test}`);
}
for (const test of skipped) say(`skipped: ${test}`);
// A runner that died before it could report leaves no counts; the run has failed all the same.
if (run.status !== 0 && failed === 0) failed = 1;
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped.length} skipped\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
