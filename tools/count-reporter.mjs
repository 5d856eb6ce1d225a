// A reporter for Node's test runner that writes one line of JSON: how many tests passed and failed, the names of those
// skipped, and which took longest, in seconds. Suites (describe) are not counted, nor is the entry that stands for a file.
import { basename } from 'node:path';

const SLOWEST = 20;

export default async function* counts(source) {
  let passed = 0;
  let failed = 0;
  const skipped = [];
  const took = [];
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { data } = event;
    if (data.details?.type === 'suite') continue;
    const seconds = Math.round((data.details?.duration_ms ?? 0) / 100) / 10;
    took.push({ seconds, test: data.name, file: basename(data.file ?? '') });
    if (data.skip !== undefined || data.todo !== undefined) skipped.push(`${data.name}: ${data.skip || data.todo}`);
    else if (event.type === 'test:pass') passed += 1;
    else failed += 1;
  }
  const slowest = took.sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
  yield `${JSON.stringify({ passed, failed, skipped, slowest })}\n`;
}
