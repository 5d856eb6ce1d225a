import type { FastifyInstance } from 'fastify';

export interface ServiceRun {
  readonly app: FastifyInstance;
  readonly host: string;
  readonly port: number;
  readonly print: (text: string) => void;
  /** Called once the last request is answered. */
  readonly onStopped: () => void;
}

const STOP_WITHIN_MS = 15_000;

/**
 * Listens, prints `Running...`, and stops on SIGTERM or SIGINT: no new connections, requests in flight are answered
 * (for at most 15 seconds), then the process ends by itself. A second signal ends it at once.
 */
export async function runService({ app, host, port, print, onStopped }: ServiceRun): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    print(`cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
    onStopped();
    return;
  }
  print('Running...\n');
  const stop = async (): Promise<void> => {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
    const deadline = setTimeout(() => app.server.closeAllConnections(), STOP_WITHIN_MS);
    await app.close();
    clearTimeout(deadline);
    onStopped();
  };
  const onSignal = (): void => void stop();
  for (const signal of SIGNALS) process.once(signal, onSignal);
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
