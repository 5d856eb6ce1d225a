import { join } from 'node:path';

/** The workspace's root folder. */
export const WORKSPACE = join(import.meta.dirname, '../../..');

/** Where a demo keeps its files unless --state-dir says otherwise. */
export const STATE_DIR = join(WORKSPACE, '.weft/demo');
