import { eventually as untilFound } from '@weft/testing-harness';

export { startControlPlane, type ControlPlaneWorld } from '@weft/testing-harness';

const WITHIN_MS = 15_000;

/** Until the check holds, or it has failed for 15 seconds. */
export async function eventually(check: () => Promise<unknown>): Promise<void> {
  await untilFound(
    'what is checked holds',
    async () => {
      await check();
      return true;
    },
    WITHIN_MS,
  );
}
