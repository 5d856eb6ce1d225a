import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  corsHeaders,
  createCatalogServer,
  openSettings,
  readServiceEnv,
  redisKeyStore,
  runService,
} from '@weft/demo-catalog';
import { videoAnswer } from './video-answer.ts';

const { host, port, environment, redis } = readServiceEnv(process.env);
const print = (text: string): void => void process.stdout.write(text);
const store = redisKeyStore(redis);
const settings = openSettings({
  env: process.env,
  onChange: (values) => print(`settings: ${[...values].map((pair) => pair.join('=')).join(' ')}\n`),
});
const app = await createCatalogServer({
  route: '/:id',
  headers: corsHeaders(environment),
  answer: videoAnswer({ store, settings, print, draw: randomInt, pause }),
  print,
});
const onStopped = (): void => {
  settings.close();
  store.close();
};
await runService({ app, host, port, print, onStopped });
