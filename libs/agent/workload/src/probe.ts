import type { Timers } from '@weft/core-runtime';
import { after } from '@weft/core-runtime';
import { connect } from 'node:net';
import type { ProbeOnce } from './health-watch.ts';
import { httpCall } from './http-call.ts';
import type { Probe } from './option-values.ts';

const TIMEOUT_MS = 1000;

/** Asks a program on this machine: TCP, whether it accepts a connection; HTTP, whether it answers with 2xx or 3xx. */
export function probeOf(probe: Probe, port: number, timers: Timers): ProbeOnce {
  if (probe.kind === 'tcp') return () => accepts(port, timers);
  if (probe.kind === 'none') return () => Promise.resolve(true);
  return async () => {
    try {
      const server = `http://127.0.0.1:${port}`;
      const call = { server, method: 'GET', path: probe.path, headers: {}, body: '', timeoutMs: TIMEOUT_MS };
      const { status } = await httpCall(call);
      return status >= 200 && status < 400;
    } catch {
      return false;
    }
  };
}

function accepts(port: number, timers: Timers): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const done = (answer: boolean): void => {
      deadline.cancel();
      socket.destroy();
      resolve(answer);
    };
    const deadline = after(timers, TIMEOUT_MS, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
