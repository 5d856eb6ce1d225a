import type { Probe } from './option-values.ts';

/** When a program is asked, and how many answers tell. */
export interface ProbeTiming {
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  /** Good answers in a row that make healthy, bad ones that make unhealthy. */
  readonly successes: number;
  readonly failures: number;
}

export interface GroupProbe {
  readonly probe: Probe;
  readonly timing: ProbeTiming;
}

/** WorkloadGroup.probe as it is written. */
interface WrittenProbe {
  readonly initialDelaySeconds?: unknown;
  readonly periodSeconds?: unknown;
  readonly timeoutSeconds?: unknown;
  readonly successThreshold?: unknown;
  readonly failureThreshold?: unknown;
  readonly httpGet?: Written;
  readonly tcpSocket?: Written;
  readonly exec?: Written;
  readonly grpc?: Written;
}

type Written = Readonly<Record<string, unknown>>;

/** What a WorkloadGroup says of its members' health; undefined: nothing. Defaults are Istio's: each ten seconds, three failures. */
export function groupProbe(told: unknown): GroupProbe | undefined {
  if (typeof told !== 'object' || told === null) return undefined;
  const written = told as WrittenProbe;
  const probe = probeIn(written);
  if (probe === undefined) return undefined;
  return {
    probe,
    timing: {
      initialDelayMs: numberOf(written.initialDelaySeconds) * 1000,
      periodMs: (numberOf(written.periodSeconds) || 10) * 1000,
      timeoutMs: (numberOf(written.timeoutSeconds) || 1) * 1000,
      successes: numberOf(written.successThreshold) || 1,
      failures: numberOf(written.failureThreshold) || 3,
    },
  };
}

function probeIn({ httpGet, tcpSocket, exec, grpc }: WrittenProbe): Probe | undefined {
  if (httpGet !== undefined) {
    const headers = Array.isArray(httpGet['httpHeaders']) ? (httpGet['httpHeaders'] as Written[]) : [];
    return {
      kind: 'http',
      ...placeOf(httpGet),
      path: textOf(httpGet['path']) || '/',
      secure: textOf(httpGet['scheme']).toLowerCase() === 'https',
      headers: Object.fromEntries(headers.map(({ name, value }) => [textOf(name).toLowerCase(), textOf(value)])),
    };
  }
  if (tcpSocket !== undefined) return { kind: 'tcp', ...placeOf(tcpSocket) };
  if (exec !== undefined) {
    const command = Array.isArray(exec['command']) ? exec['command'].map(textOf) : [];
    return command.length === 0 ? undefined : { kind: 'exec', command };
  }
  if (grpc === undefined) return undefined;
  return { kind: 'grpc', port: numberOf(grpc['port']), service: textOf(grpc['service']) };
}

function placeOf(written: Written): { readonly host?: string; readonly port: number } {
  const host = textOf(written['host']);
  return { port: numberOf(written['port']), ...(host === '' ? {} : { host }) };
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
