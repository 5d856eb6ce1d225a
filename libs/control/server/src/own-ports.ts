import { portInUse } from '@weft/core-runtime';
import type { Ports } from './options.ts';

/** Rejects with every port that another process has. Asked before anything is made: who cannot serve leaves no root behind. */
export async function mustBeFree({ xds, secure, metrics, debug }: Ports, bindAddress: string): Promise<void> {
  const wanted = { 'xds-port': xds, 'secure-port': secure, 'metrics-port': metrics, 'debug-port': debug };
  const faults: string[] = [];
  for (const [flag, port] of Object.entries(wanted)) {
    const fault = port === 0 ? undefined : await portInUse(port, bindAddress);
    if (fault !== undefined) faults.push(`--${flag}: ${fault}`);
  }
  if (faults.length === 0) return;
  const advice =
    'End what holds it (where that is the demo: npx weft demo stop), or choose another; 0 lets the system choose.';
  throw new Error([...faults, advice].join('\n'));
}
