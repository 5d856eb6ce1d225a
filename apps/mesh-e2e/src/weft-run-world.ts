export { startControlPlane, type ControlPlaneWorld } from '@weft/testing-harness';

/** Until the check holds, or it has failed for 15 seconds. */
export async function eventually(check: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
