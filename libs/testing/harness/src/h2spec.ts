import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface H2specTarget {
  readonly port: number;
  readonly tls: boolean;
}

/** What h2spec says of a server. */
export interface H2specVerdict {
  readonly passed: number;
  readonly skipped: number;
  /** `<section> <what was tested>` of each case that failed. */
  readonly failed: readonly string[];
}

/** Runs every case of h2spec against a server on the loopback. A case waits up to `timeoutS` seconds for an answer. */
export async function runH2spec(binary: string, target: H2specTarget, timeoutS = 2): Promise<H2specVerdict> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-h2spec-'));
  const report = join(folder, 'report.xml');
  const args = ['-p', String(target.port), '-o', String(timeoutS), '-j', report, '-P', '/'];
  if (target.tls) args.push('-t', '-k');
  try {
    // It exits with 1 when a case fails; the report says which.
    await new Promise<void>((resolve) => void execFile(binary, args, { maxBuffer: 1 << 26 }, () => resolve()));
    return verdictOf(await readFile(report, 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function verdictOf(xml: string): H2specVerdict {
  const failed: string[] = [];
  let passed = 0;
  let skipped = 0;
  for (const [, attributes = '', rest = ''] of xml.matchAll(/<testcase ([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)) {
    const of = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(attributes)?.[1] ?? '';
    if (rest.includes('<failure') || rest.includes('<error'))
      failed.push(`${of('package')} ${unescape(of('classname'))}`);
    else if (rest.includes('<skipped')) skipped += 1;
    else passed += 1;
  }
  return { passed, skipped, failed };
}

function unescape(text: string): string {
  return text.replace(/&#34;|&quot;/g, '"').replace(/&#39;|&apos;/g, "'").replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&'); // prettier-ignore
}
