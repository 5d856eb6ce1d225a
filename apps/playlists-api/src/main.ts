import { corsHeaders, createCatalogServer, readServiceEnv, redisKeyStore, runService } from '@weft/demo-catalog';
import { catalogAnswer } from './catalog-answer.ts';
import { videosClient } from './videos-client.ts';

const { host, port, environment, redis } = readServiceEnv(process.env);
const print = (text: string): void => void process.stdout.write(text);
const store = redisKeyStore(redis);
const videos = videosClient(process.env['VIDEOS_API_URL'] || 'http://videos-api:10010');
const app = await createCatalogServer({
  route: '/',
  headers: corsHeaders(environment),
  answer: catalogAnswer({ store, videos, print }),
  print,
});
const onStopped = (): void => {
  videos.close();
  store.close();
};
await runService({ app, host, port, print, onStopped });
