// Holds the project graph against the layers: the folder says the layer, imports go down only, planes do not mix, and the
// graph is not empty (a blind graph would pass everything). `layers.mjs` is the one list; eslint reads the same.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultsOf } from './layers.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'weft-layers-'));
const file = join(folder, 'graph.json');
const nx = spawnSync(join(root, 'node_modules/.bin/nx'), ['graph', `--file=${file}`], {
  cwd: root,
  encoding: 'utf8',
  env: { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true' },
});
if (nx.status !== 0) {
  process.stderr.write(nx.stdout + nx.stderr);
  process.exit(1);
}
const { graph } = JSON.parse(readFileSync(file, 'utf8'));
rmSync(folder, { recursive: true });
const faults = faultsOf(graph);
for (const fault of faults) process.stderr.write(`layers: ${fault}\n`);
if (faults.length === 0) {
  const edges = Object.values(graph.dependencies).flat().length;
  process.stdout.write(`weft: ${Object.keys(graph.nodes).length} projects and ${edges} imports keep to the layers\n`);
}
process.exit(faults.length === 0 ? 0 : 1);
