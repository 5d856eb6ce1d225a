import type { CliIo } from '@weft/control-cli';
import { systemClock } from '@weft/core-runtime';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';

/** What a demo of this workspace has written down of itself. */
const DEMO = new URL('../../../.weft/demo/running.json', import.meta.url);

function runningDemo(): string | undefined {
  try {
    const { pid, controlPlane } = JSON.parse(readFileSync(DEMO, 'utf8')) as { pid: number; controlPlane?: string };
    process.kill(pid, 0);
    return controlPlane;
  } catch {
    return undefined;
  }
}

/** The terminal and the network, for verbs. */
export async function terminal(): Promise<CliIo> {
  const { fetchHttp } = await import('@weft/control-cli');
  const io: CliIo = {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    http: fetchHttp,
    wallMs: () => systemClock.wallMs(),
    demo: runningDemo,
  };
  return process.stdin.isTTY && process.stdout.isTTY ? { ...io, confirm } : io;
}

async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await lines.question(question)).trim());
  } finally {
    lines.close();
  }
}
