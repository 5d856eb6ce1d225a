import { createRuntime } from '@weft/core-runtime';
import { ControlPlane } from './control-plane.ts';
import { debugRoutes } from './debug-routes.ts';
import { parseControlPlaneOptions, type ControlPlaneOptions } from './options.ts';

/** What the process around the control plane offers. main.ts gives the real one. */
export interface ControlPlaneHost {
  out(text: string): void;
  err(text: string): void;
  onSignal(signal: 'SIGTERM' | 'SIGINT', task: () => void): void;
  exit(code: number): void;
}

/** `weft control-plane`: reads the flags, serves until SIGTERM or SIGINT. */
export async function runControlPlane(args: readonly string[], host: ControlPlaneHost): Promise<void> {
  const parsed = parseControlPlaneOptions(args);
  if (parsed.kind === 'help') {
    host.out(parsed.text);
    return host.exit(0);
  }
  if (parsed.kind === 'faults') {
    for (const fault of parsed.faults) host.err(`weft control-plane: ${fault}\n`);
    host.err('Run weft control-plane --help for the flags.\n');
    return host.exit(2);
  }
  await serve(parsed.options, host);
}

async function serve(options: ControlPlaneOptions, host: ControlPlaneHost): Promise<void> {
  const runtime = createRuntime(options.logLevel, (line) => host.err(line));
  let controlPlane: ControlPlane;
  try {
    controlPlane = await ControlPlane.open(options, runtime);
    await controlPlane.start(debugRoutes);
  } catch (error) {
    for (const line of (error as Error).message.split('\n')) host.err(`weft control-plane: ${line}\n`);
    return host.exit(1);
  }
  let ending = false;
  const end = (signal: string): void => {
    if (ending) return host.exit(1);
    ending = true;
    host.err(`weft control-plane: ${signal}: the control plane ends; its proxies go on with what they have\n`);
    void controlPlane.stop().then(() => host.exit(0));
  };
  host.onSignal('SIGTERM', () => end('SIGTERM'));
  host.onSignal('SIGINT', () => end('SIGINT'));
}
