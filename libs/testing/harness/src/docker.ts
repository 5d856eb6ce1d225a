import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { WORKSPACE } from './processes.ts';

/** What a suite needs of Docker, or the reason why it cannot have it. */
export type DockerStack =
  | {
      readonly ready: true;
      /** `docker compose` (undefined) or the place of a docker-compose program. */
      readonly standaloneCompose: string | undefined;
      /** Stops the engine if it was started for this suite. */
      stop(): Promise<void>;
    }
  | { readonly ready: false; readonly reason: string };

interface ToolRun {
  readonly code: number | null;
  readonly output: string;
}

/** Runs one of the workspace's tools to its end. */
function runTool(...args: readonly string[]): Promise<ToolRun> {
  const { promise, resolve } = Promise.withResolvers<ToolRun>();
  const [script = '', ...rest] = args;
  const child = spawn(process.execPath, ['--conditions=@weft/source', join(WORKSPACE, script), ...rest], {
    cwd: WORKSPACE,
    env: { ...process.env, NODE_TEST_CONTEXT: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  child.once('close', (code) => resolve({ code, output: output.trim() }));
  return promise;
}

const lastLine = (text: string): string => text.split('\n').at(-1) ?? '';

/**
 * An engine that answers (one is started where that can be done), a compose program, and the demo's images as the
 * sources are now. An absent engine is a reason; images that do not build are an error, since that is a fault of ours.
 * `WEFT_IMAGES=keep` takes the images as they are.
 */
export async function dockerStack(): Promise<DockerStack> {
  const engine = await runTool('tools/docker/engine.mjs', 'start');
  if (engine.code !== 0) return { ready: false, reason: lastLine(engine.output) };
  const stop = async (): Promise<void> => {
    if (engine.output.includes('started a Docker engine')) await runTool('tools/docker/engine.mjs', 'stop');
  };
  const compose = await runTool('tools/docker/compose.mjs');
  if (compose.code !== 0) {
    await stop();
    return { ready: false, reason: lastLine(compose.output) };
  }
  const keep = process.env['WEFT_IMAGES'] === 'keep';
  const images = keep ? { code: 0, output: '' } : await runTool('tools/docker/build.mjs');
  if (images.code !== 0) {
    await stop();
    throw new Error(`the images do not build:\n${images.output}`);
  }
  const program = lastLine(compose.output);
  return { ready: true, standaloneCompose: program === 'docker compose' ? undefined : program, stop };
}
