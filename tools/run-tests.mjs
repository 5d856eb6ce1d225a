// Runs the tests of the project in the current folder with Node's own runner, on the sources, and leaves the counts in
// .reports/<project>.json for the closing line of `npm test`. Arguments are test files; without any, all of src/.
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const project = manifest.nx.name;
const reports = join(root, '.reports');
const events = join(reports, `${project}.events.jsonl`);
const files = process.argv.slice(2).length > 0 ? process.argv.slice(2) : globSync('src/**/*.test.ts').sort();

mkdirSync(reports, { recursive: true });
rmSync(join(reports, `${project}.json`), { force: true });
if (files.length === 0) {
  writeFileSync(join(reports, `${project}.json`), JSON.stringify({ project, passed: 0, failed: 0, skipped: [] }));
  process.stdout.write(`${project}: no tests\n`);
  process.exit(0);
}
rmSync(events, { force: true });
const run = spawnSync(
  process.execPath,
  [
    '--conditions=@weft/source',
    '--disable-warning=ExperimentalWarning',
    '--test',
    `--test-concurrency=${manifest.weft?.testConcurrency ?? 2}`,
    `--test-timeout=${manifest.weft?.testTimeoutMs ?? 120_000}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${join(root, 'tools/count-reporter.mjs')}`,
    `--test-reporter-destination=${events}`,
    ...files,
  ],
  // Each test file is a process, which would compile the same sources again.
  { stdio: 'inherit', env: { ...process.env, NODE_COMPILE_CACHE: join(root, '.weft/compiled') } },
);
const counts = JSON.parse(readFileSync(events, 'utf8').trim().split('\n').at(-1));
writeFileSync(join(reports, `${project}.json`), JSON.stringify({ project, ...counts }, null, 2));
process.exit(run.status === 0 && counts.failed === 0 ? 0 : 1);
