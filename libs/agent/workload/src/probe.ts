import { GRPC_STATUS } from '@weft/core-grpc';
import { after, systemClock, type Clock, type Timers } from '@weft/core-runtime';
import { GrpcJsChannel } from '@weft/net-grpc';
import { connect } from 'node:net';
import type { ProbeOnce } from './health-watch.ts';
import { httpCall } from './http-call.ts';
import type { HttpProbe, Probe } from './option-values.ts';

const TIMEOUT_MS = 1000;
const LOOPBACK = '127.0.0.1';

/** Runs a command where the program is; true for exit code 0. Ends it after a time, in milliseconds. */
export type RunCommand = (command: readonly string[], timeoutMs: number) => Promise<boolean>;

export interface ProbeMeans {
  /** Default 1000. */
  readonly timeoutMs?: number;
  readonly run?: RunCommand;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/**
 * Asks a program: TCP, whether it accepts a connection; HTTP, whether it answers with 2xx or 3xx; gRPC, whether it says SERVING;
 * a command, whether it ends with 0. `port`: the program's, where the probe names none.
 */
export function probeOf(probe: Probe, port: number, timers: Timers, means: ProbeMeans = {}): ProbeOnce {
  const { timeoutMs = TIMEOUT_MS, run, clock = systemClock } = means;
  switch (probe.kind) {
    case 'none':
      return () => Promise.resolve(true);
    case 'tcp': {
      const at = { host: probe.host ?? LOOPBACK, port: probe.port ?? port };
      return () => accepts(at, timers, timeoutMs);
    }
    case 'http':
      return () => answers(probe, port, timeoutMs);
    case 'exec':
      return () => run?.(probe.command, timeoutMs) ?? Promise.resolve(false);
    case 'grpc':
      return () => serves(probe, clock, timeoutMs);
  }
}

async function answers(
  { path, host = LOOPBACK, port: own, secure, headers }: HttpProbe,
  port: number,
  timeoutMs: number,
) {
  const name = host.includes(':') ? `[${host}]` : host;
  const server = `${secure === true ? 'https' : 'http'}://${name}:${own ?? port}`;
  const call = { server, method: 'GET', path, headers: headers ?? {}, body: '', timeoutMs, anyCertificate: true };
  try {
    const { status } = await httpCall(call);
    return status >= 200 && status < 400;
  } catch {
    return false;
  }
}

function accepts(
  at: { readonly host: string; readonly port: number },
  timers: Timers,
  timeoutMs: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(at);
    const done = (answer: boolean): void => {
      deadline.cancel();
      socket.destroy();
      resolve(answer);
    };
    const deadline = after(timers, timeoutMs, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

/** HealthCheckResponse{status: SERVING}, which is all that makes healthy. */
const SERVING = Buffer.from([0x08, 0x01]);

function serves(
  { port, service }: Extract<Probe, { kind: 'grpc' }>,
  clock: Clock,
  timeoutMs: number,
): Promise<boolean> {
  const channel = new GrpcJsChannel({ target: `${LOOPBACK}:${port}`, clock });
  return new Promise<boolean>((resolve) => {
    let heard = false;
    const receiver = {
      onMessage: (message: Uint8Array) => void (heard = SERVING.equals(message.subarray(0, SERVING.length))),
      onEnd: ({ code }: { readonly code: number }) => resolve(code === GRPC_STATUS.OK && heard),
    };
    const call = channel.call('/grpc.health.v1.Health/Check', receiver, { timeoutMs });
    call.send(checkRequest(service));
    call.end();
  }).finally(() => channel.close());
}

/** HealthCheckRequest{service}: field 1, a text. */
function checkRequest(service: string): Uint8Array {
  const text = Buffer.from(service);
  if (text.length === 0) return text;
  const length = [];
  for (let rest = text.length; ; rest >>= 7) {
    length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) break;
  }
  return Buffer.concat([Buffer.from([0x0a, ...length]), text]);
}
