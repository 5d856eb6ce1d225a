import type { CliIo } from '@weft/control-cli';
import { systemClock } from '@weft/core-runtime';
import { createInterface } from 'node:readline/promises';

/** The terminal and the network, for verbs. */
export async function terminal(): Promise<CliIo> {
  const { fetchHttp } = await import('@weft/control-cli');
  const io: CliIo = {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    http: fetchHttp,
    wallMs: () => systemClock.wallMs(),
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
