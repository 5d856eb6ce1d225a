import type { RedisAddress } from './key-store.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** What both services read from their environment. Empty counts as not set. */
export interface ServiceEnv {
  /** `HOST`, default 0.0.0.0. */
  readonly host: string;
  /** `PORT`, default 10010. */
  readonly port: number;
  /** `ENVIRONMENT`: `DEBUG` turns CORS on. */
  readonly environment: string | undefined;
  /** `REDIS_HOST` and `REDIS_PORT`, default localhost:6379. */
  readonly redis: RedisAddress;
}

export function readServiceEnv(env: Env): ServiceEnv {
  return {
    host: env['HOST'] || '0.0.0.0',
    port: Number(env['PORT'] || '10010'),
    environment: env['ENVIRONMENT'],
    redis: { host: env['REDIS_HOST'] || 'localhost', port: Number(env['REDIS_PORT'] || '6379') },
  };
}
