// A reporter for Node's test runner that writes one line of JSON: how many tests passed and failed, and the names of
// those skipped. Suites (describe) are not counted, nor is the entry that stands for a file.
export default async function* counts(source) {
  let passed = 0;
  let failed = 0;
  const skipped = [];
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { data } = event;
    if (data.details?.type === 'suite') continue;
    if (data.skip !== undefined || data.todo !== undefined) skipped.push(`${data.name}: ${data.skip || data.todo}`);
    else if (event.type === 'test:pass') passed += 1;
    else failed += 1;
  }
  yield `${JSON.stringify({ passed, failed, skipped })}\n`;
}
