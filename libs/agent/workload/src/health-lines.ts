import type { Probe } from './option-values.ts';

/** What a run tells people of its program's health. */
export interface HealthLines {
  /** When the program was started; undefined: nothing is asked of it. */
  readonly waiting: string | undefined;
  /** When it has not answered for some time. */
  readonly slow: string;
  /** With each change; the first is always for the better. */
  changed(healthy: boolean): string;
}

export function healthLines(name: string, probe: Probe, port: number): HealthLines {
  const what = asked(probe, port);
  let before: boolean | undefined;
  return {
    waiting: what === '' ? undefined : `waiting for ${what} of the program`,
    slow: `${what} does not answer yet, so ${name} gets no calls: does the program listen there? (--port, --probe)`,
    changed: (healthy) => {
      const again = before === undefined ? 'ready' : 'ready again';
      before = healthy;
      if (!healthy) return `${name} is unhealthy: ${what} does not answer; it gets no calls`;
      return `${name} is ${again}${what === '' ? '' : `: ${what} answers`}`;
    },
  };
}

function asked(probe: Probe, port: number): string {
  switch (probe.kind) {
    case 'none':
      return '';
    case 'tcp':
      return `port ${probe.port ?? port}`;
    case 'http':
      return `GET ${probe.path} on port ${probe.port ?? port}`;
    case 'exec':
      return `the command ${probe.command.join(' ')}`;
    case 'grpc':
      return `the gRPC health of ${probe.service === '' ? '' : `${probe.service} on `}port ${probe.port}`;
  }
}
