// Writes kubernetes/demo/seed: the data sets of libs/demo/data as commands for redis-cli. A test compares the two.
//   node --conditions=@weft/source tools/kubernetes/write-seeds.mjs
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_SETS } from '@weft/demo-data';
import { root } from '../setup/paths.mjs';

// redis-cli reads a quoted argument as JSON writes one, for text without control characters other than these.
for (const [name, set] of Object.entries(DATA_SETS)) {
  const commands = [...set].map(([key, value]) => `SET ${JSON.stringify(key)} ${JSON.stringify(value)}\n`);
  writeFileSync(join(root, 'kubernetes/demo/seed', name), commands.join(''));
}
