import { PUBLIC, readState, replaceState } from '@weft/control-ca';
import type { RegistrationMemory } from '@weft/control-registry';
import type { Logger } from '@weft/core-runtime';
import { join } from 'node:path';

/** Keeps registrations in the state folder, so that a control plane that restarts tells proxies what it told them before. */
export function registrationMemory(stateDir: string, logger: Logger): RegistrationMemory {
  const path = join(stateDir, 'workloads.json');
  return {
    load: () => readState(path) ?? '',
    save: (text) => {
      try {
        replaceState(path, text, PUBLIC);
      } catch (error) {
        logger.warning(
          `${path} cannot be written, so registrations do not outlive this process: ${(error as Error).message}`,
        );
      }
    },
  };
}
