import { PUBLIC, readState, replaceState } from '@weft/control-ca';
import type { AgeMemory } from '@weft/control-sources';
import type { Logger } from '@weft/core-runtime';
import { join } from 'node:path';

/**
 * Keeps in the state folder which documents were there first: of two that exclude each other the older one holds, and a restart
 * must not turn that round.
 */
export function ageMemory(stateDir: string, logger: Logger): AgeMemory {
  const path = join(stateDir, 'document-ages.json');
  return {
    load: () => {
      const text = readState(path);
      const keys: unknown = text === undefined ? [] : parsed(text);
      if (Array.isArray(keys) && keys.every((key) => typeof key === 'string')) return keys;
      logger.warning(`${path} is no list of documents; which of them are older is told by the names of their files`);
      return [];
    },
    save: (keys) => {
      try {
        replaceState(path, JSON.stringify(keys), PUBLIC);
      } catch (error) {
        const why = (error as Error).message;
        logger.warning(`${path} cannot be written, so a restart forgets which documents are older: ${why}`);
      }
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
