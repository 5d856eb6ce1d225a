// The seeding command: `node seed.ts [--url URL] [--patience-ms N] [playlists] [videos]`. Both data sets without a name.
import { parseArgs } from 'node:util';
import { DATA_SETS, type DataSetName } from './data-sets.ts';
import { seedRedis } from './seed-redis.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string', default: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' },
    'patience-ms': { type: 'string', default: '0' },
  },
});

function isDataSet(name: string): name is DataSetName {
  return Object.hasOwn(DATA_SETS, name);
}

const unknown = positionals.find((name) => !isDataSet(name));
if (unknown !== undefined) {
  process.stderr.write(`no data set "${unknown}": there are ${Object.keys(DATA_SETS).join(' and ')}\n`);
  process.exitCode = 2;
} else {
  const named = positionals.filter(isDataSet);
  const dataSets = named.length > 0 ? named : (Object.keys(DATA_SETS) as DataSetName[]);
  try {
    const keys = await seedRedis({ url: values.url, dataSets, patienceMs: Number(values['patience-ms']) });
    process.stdout.write(`${keys} keys written: ${dataSets.join(', ')}\n`);
  } catch (error) {
    process.stderr.write(`seeding failed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
