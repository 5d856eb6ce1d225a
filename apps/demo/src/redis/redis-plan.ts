import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where the two data sets live. */
export type RedisPlan =
  /** A Redis that is there already; it holds both sets, no key of which is in the other. */
  | { readonly kind: 'url'; readonly url: string; readonly host: string; readonly port: number }
  /** Two processes of this program. */
  | { readonly kind: 'server'; readonly command: string }
  /** Two servers inside the demo's own process. */
  | { readonly kind: 'embedded' };

const DEFAULT_PORT = 6379;

/** `$REDIS_URL`, else redis-server from the path, else the embedded one. Throws when the services could not use the URL. */
export function planRedis(env: Readonly<Record<string, string | undefined>>): RedisPlan {
  const url = env['REDIS_URL'];
  if (url !== undefined && url !== '') return planUrl(url);
  const command = findProgram('redis-server', env['PATH'] ?? '');
  return command === undefined ? { kind: 'embedded' } : { kind: 'server', command };
}

function planUrl(url: string): RedisPlan {
  const target = URL.parse(url);
  if (target === null || target.protocol !== 'redis:')
    throw new Error(`REDIS_URL=${url}: expected redis://host:port. Unset it, and the demo brings a Redis of its own.`);
  const { hostname, port, password, pathname } = target;
  // The services ask their Redis for keys and nothing else: they send no AUTH and no SELECT.
  if (password !== '')
    throw new Error(
      'REDIS_URL has a password, which the services of the catalog cannot send. Unset it, and the demo brings a Redis of its own.',
    );
  if (pathname.length > 1 && pathname !== '/0')
    throw new Error(`REDIS_URL names database ${pathname.slice(1)}, and the services of the catalog read database 0.`);
  const host = hostname.replace(/^\[|\]$/g, '') || '127.0.0.1';
  return { kind: 'url', url, host: host === 'localhost' ? '127.0.0.1' : host, port: Number(port || DEFAULT_PORT) };
}

function findProgram(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
