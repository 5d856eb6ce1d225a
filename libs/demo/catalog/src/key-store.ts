import { Redis } from 'ioredis';

/** Where a service reads its data. */
export interface KeyStore {
  /** The bytes of a key, null when there is no such key. Rejects when the store cannot answer. */
  get(key: string): Promise<Buffer | null>;
  close(): void;
}

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

const DIAL_TIMEOUT_MS = 5_000;
const READ_TIMEOUT_MS = 3_000;

/**
 * Database 0 of a Redis that is dialled when a request needs it, and again after a loss: the service starts without
 * Redis, a request never waits for a reconnect in the background, and the first one after Redis is back succeeds.
 */
export function redisKeyStore({ host, port }: RedisAddress): KeyStore {
  const redis = new Redis({
    host,
    port,
    protocol: 2,
    lazyConnect: true,
    enableOfflineQueue: false,
    // Both would send commands of their own before the first GET.
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: DIAL_TIMEOUT_MS,
    commandTimeout: READ_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let lastError: Error | undefined;
  redis.on('error', (error: Error) => (lastError = error));
  let dialling: Promise<void> | undefined;

  async function dial(): Promise<void> {
    lastError = undefined;
    try {
      await redis.connect();
    } catch (error) {
      // ioredis rejects with "Connection is closed."; the reason was an event before.
      throw lastError ?? error;
    }
  }

  return {
    async get(key) {
      if (redis.status !== 'ready') {
        dialling ??= dial().finally(() => (dialling = undefined));
        await dialling;
      }
      return redis.getBuffer(key);
    },
    close() {
      // Hanging up on a connection that is not there would hold the process for ioredis' two seconds of grace.
      if (redis.status !== 'wait' && redis.status !== 'end') redis.disconnect();
    },
  };
}
