import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The workspace's top folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** The Node that everything runs on: the npm package `node`, pinned by the lockfile. */
export const weftNode = join(root, 'node_modules/node/bin/node');
