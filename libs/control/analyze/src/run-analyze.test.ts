import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CODES } from './codes.ts';
import type { Message } from './message.ts';
import { runAnalyze } from './run-analyze.ts';

/** What a control plane answers. */
const FOUND: Message = {
  code: 'IST0106',
  level: 'Error',
  ref: { group: '', kind: 'Service', namespace: 'default', name: 'web' },
  file: '',
  line: 3,
  column: 1,
  path: '',
  text: 'is wrong',
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'analyze-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

async function run(...argv: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let out = '';
  let err = '';
  const output = { stdout: (text: string) => (out += text), stderr: (text: string) => (err += text) };
  const code = await runAnalyze(argv, output, (url) => Promise.resolve([{ ...FOUND, file: url }]));
  return { code, out, err };
}

const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: videos-db\nspec:\n  ports:\n  - port: 9999\n';

describe('weft analyze', () => {
  it('is content with what is right', async () => {
    writeFileSync(join(directory, 'a.yaml'), SERVICE.replace('- port', '- name: tcp\n    port'));
    assert.deepEqual(await run(directory), {
      code: 0,
      out: `✔ No validation issues found when analyzing ${directory}.\n`,
      err: '',
    });
  });

  it('tells what it found, with level, code, resource and line', async () => {
    writeFileSync(join(directory, 'a.yaml'), SERVICE);
    const { code, out } = await run('--verbose', directory);
    assert.equal(code, 0);
    assert.match(
      out,
      /^Info \[IST0118\] \(Service videos-db\.default .*a\.yaml:7\) Port name "" \(port: 9999, targetPort: 9999\) doesn't tell/,
    );
    assert.equal((await run('--failure-threshold', 'Info', directory)).code, 79);
    assert.match((await run('--failure-threshold', 'Info', directory)).out, /^Info/);
    assert.match((await run(directory)).out, /^✔ No validation issues found .* 1 note: --verbose\.\n$/);
    assert.equal((await run('-v', '-S', 'IST0118=Service videos-*.default', directory)).out.slice(0, 2), '✔ ');
    assert.match((await run('-v', '-n', 'other', join(directory, 'a.yaml'))).out, /Service videos-db.other/);
  });

  it('fails where something is an error', async () => {
    writeFileSync(join(directory, 'a.yaml'), SERVICE.replace('port: 9999', 'prt: 1'));
    const { code, out, err } = await run(directory);
    assert.equal(code, 79);
    assert.match(
      out,
      /Error \[IST0106\] \(Service videos-db\.default .*a\.yaml:7\) spec\.ports\[0\]\.prt: unknown field "prt"; did you mean "port"\?/,
    );
    assert.match(err, /Analyzers found issues/);
  });

  it('writes JSON and YAML for programs', async () => {
    writeFileSync(join(directory, 'a.yaml'), SERVICE);
    const [record] = JSON.parse((await run('-v', '-o', 'json', directory)).out) as Record<string, unknown>[];
    assert.equal(record?.['code'], 'IST0118');
    assert.equal(record?.['level'], 'Info');
    assert.equal(record?.['origin'], 'Service videos-db.default');
    assert.deepEqual([record?.['line'], record?.['column'], record?.['path']], [7, 11, 'spec.ports[0].port']);
    assert.match((await run('-v', '-o', 'yaml', directory)).out, /^- code: IST0118\n {2}name: PortName/);
  });

  it('reads folders as the control plane does: links but for loops, and files alone', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'analyze-other-'));
    writeFileSync(join(elsewhere, 'a.yaml'), SERVICE);
    symlinkSync(elsewhere, join(directory, 'other'));
    symlinkSync(join(directory, 'nothing'), join(directory, 'dangling'));
    assert.match((await run('-v', directory)).out, /Service videos-db.default .*other\/a.yaml/);
    symlinkSync('..', join(directory, 'loop'));
    assert.match((await run(directory)).err, /loop is a link to a folder that it lies in: it is not followed/);
    rmSync(join(directory, 'loop'));
    execFileSync('mkfifo', [join(directory, 'b.yaml')]);
    assert.match((await run(directory)).err, /cannot read .*b.yaml: it is a FIFO, and no file/);
    rmSync(elsewhere, { recursive: true });
  });

  it('says how it is called to who calls it wrongly', async () => {
    assert.equal((await run()).code, 2);
    assert.match((await run('--output', 'xml', directory)).err, /--output is xml, and must be one of log, json, yaml/);
    assert.match((await run(join(directory, 'nothing'))).err, /cannot read .*\/nothing: there is no such file/);
    assert.match((await run('--list-codes')).out, /IST0109 Error {3}ConflictingMesh/);
    assert.match((await run('--nam', 'x', directory)).err, /there is no option --nam; did you mean --namespace\?/);
    assert.match((await run('--control-plane', 'http://x:1', directory)).err, /--control-plane reads no files/);
  });

  it('asks a control plane, and tells what it says as of files', async () => {
    const { code, out } = await run('--control-plane', 'http://127.0.0.1:8080');
    assert.equal(code, 79);
    assert.equal(out, 'Error [IST0106] (Service web.default http://127.0.0.1:8080:3) is wrong.\n');
    assert.equal((await run('--control-plane', 'http://x:1', '-n', 'other')).code, 0);
  });

  it("reads the mesh's defaults from a file as istiod has it, and tells places in that file", async () => {
    const file = join(directory, 'mesh');
    writeFileSync(file, '# defaults\naccessLogFile: /dev/stdout\n\nenableAutoMtsl: false\n');
    const { code, out } = await run('--mesh-config', file, '-o', 'json');
    assert.equal(code, 79);
    const [record] = JSON.parse(out) as Record<string, unknown>[];
    assert.deepEqual(
      [record?.['origin'], record?.['line'], record?.['column'], record?.['hint']],
      ['ConfigMap istio.istio-system', 4, 1, 'did you mean "enableAutoMtls"?'],
    );
    writeFileSync(file, 'accessLogFile: /dev/stdout\n');
    assert.equal((await run('--mesh-config', file)).code, 0);
  });
});

it('docs/analyze.md has every code with its level and name, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/analyze.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (\w+\d+) \| (\w+) \| (\w+) \| (.+) \|$/gm)].map(([, ...cells]) =>
    cells.join(' | '),
  );
  assert.deepEqual(
    rows,
    Object.entries(CODES).map(([code, { level, name, meaning }]) => [code, level, name, meaning].join(' | ')),
  );
});
