import { portInUse } from '@weft/core-runtime';
import type { RunOptions } from './run-options.ts';

/** A port that a flag names. */
export interface WantedPort {
  /** As it was given. */
  readonly flag: string;
  readonly port: number;
  readonly host: string;
  /** What else to say on the command line. */
  readonly remedy: string;
}

/** The ports that the command line fixes for the sidecar and the agent; those that the system chooses are free. */
export function wantedPorts(
  { upstreams, inboundPort, adminPort, readinessPort }: RunOptions,
  { address, captured }: { readonly address: string; readonly captured: boolean },
): readonly WantedPort[] {
  const own = (flag: string, port: number, host: string): WantedPort[] =>
    port === 0 ? [] : [{ flag: `--${flag} ${port}`, port, host, remedy: 'without the flag one is chosen' }];
  return [
    ...(captured ? [] : upstreams).flatMap(({ host, port, localPort = 0 }) => {
      const upstream = `--upstream ${host}:${port}=`;
      const remedy = `${upstream}0 takes one that is free`;
      return localPort === 0 ? [] : [{ flag: `${upstream}${localPort}`, port: localPort, host: '127.0.0.1', remedy }];
    }),
    ...own('inbound-port', inboundPort, captured ? address : '0.0.0.0'),
    ...own('admin-port', adminPort, '127.0.0.1'),
    ...own('readiness-port', readinessPort, address),
  ];
}

/** Rejects with all that cannot be had, and who has it: found out by the sidecar it would be told much later. */
export async function mustBeFree(wanted: readonly WantedPort[]): Promise<void> {
  const faults: string[] = [];
  for (const { flag, port, host, remedy } of wanted) {
    const fault = await portInUse(port, host);
    if (fault !== undefined) faults.push(`${flag}: ${fault}; ${remedy}`);
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
}

/** One port for two ends: of what the command line says, all that is wrong. */
export function twinFaults(options: RunOptions): readonly string[] {
  const { port, capture } = options;
  if (capture) return [];
  const seen = new Map<number, string>();
  if (port !== undefined) seen.set(port.app, `the program itself listens on ${port.app} (--port)`);
  return wantedPorts(options, { address: options.address, captured: false }).flatMap((wanted) => {
    const twin = seen.get(wanted.port);
    seen.set(wanted.port, `${wanted.flag} has port ${wanted.port} already`);
    return twin === undefined ? [] : [`${wanted.flag}: ${twin}`];
  });
}
