import { startEmbeddedRedis } from '@weft/demo-embedded-redis';

// A Redis as a process of its own, on the port that is its only argument: where the machine has no redis-server.
const server = await startEmbeddedRedis({ port: Number(process.argv[2]) });
process.stdout.write('Ready to accept connections\n');
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void server.close().then(() => process.exit(0)));
