// The compose program of this machine: `node tools/docker/compose.mjs [--install]` prints `docker compose` or the place of
// docker-compose, else why there is none.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../setup/system-packages.mjs';
import { installPackages } from './engine.mjs';

/** `{ program }`, or `{ line }` that says why there is none. `install` allows the system's package manager to bring one. */
export function ensureCompose({ install = process.env.CI === 'true', say = () => undefined } = {}) {
  if (spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0)
    return { program: 'docker compose' };
  const problem =
    findProgram('docker-compose') === undefined && install ? installPackages(['docker-compose'], say) : undefined;
  const program = findProgram('docker-compose');
  if (program !== undefined) return { program };
  return { line: `docker-compose is not installed${problem === undefined ? '' : `; ${problem}`}` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const install = process.argv.includes('--install') || process.env.CI === 'true';
  const { program, line } = ensureCompose({ install, say: (text) => process.stderr.write(`weft: ${text}\n`) });
  process.stdout.write(`${program ?? line}\n`);
  process.exitCode = program === undefined ? 1 : 0;
}
