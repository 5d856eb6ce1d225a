import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CODES } from './codes.ts';
import { runAnalyze } from './run-analyze.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'analyze-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function run(...argv: string[]): { readonly code: number; readonly out: string; readonly err: string } {
  let out = '';
  let err = '';
  const code = runAnalyze(argv, { stdout: (text) => (out += text), stderr: (text) => (err += text) });
  return { code, out, err };
}

const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: videos-db\nspec:\n  ports:\n  - port: 9999\n';

describe('weft analyze', () => {
  it('is content with what is right', () => {
    writeFileSync(join(directory, 'a.yaml'), SERVICE.replace('- port', '- name: tcp\n    port'));
    assert.deepEqual(run(directory), {
      code: 0,
      out: `✔ No validation issues found when analyzing ${directory}.\n`,
      err: '',
    });
  });

  it('tells what it found, with level, code, resource and line', () => {
    writeFileSync(join(directory, 'a.yaml'), SERVICE);
    const { code, out } = run('--verbose', directory);
    assert.equal(code, 0);
    assert.match(
      out,
      /^Info \[IST0118\] \(Service videos-db\.default .*a\.yaml:7\) Port name "" \(port: 9999, targetPort: 9999\) doesn't tell/,
    );
    assert.equal(run('--failure-threshold', 'Info', directory).code, 79);
    assert.match(run('--failure-threshold', 'Info', directory).out, /^Info/);
    assert.match(run(directory).out, /^✔ No validation issues found .* 1 note: --verbose\.\n$/);
    assert.equal(run('-v', '-S', 'IST0118=Service videos-*.default', directory).out.slice(0, 2), '✔ ');
    assert.match(run('-v', '-n', 'other', join(directory, 'a.yaml')).out, /Service videos-db.other/);
  });

  it('fails where something is an error', () => {
    writeFileSync(join(directory, 'a.yaml'), SERVICE.replace('port: 9999', 'prt: 1'));
    const { code, out, err } = run(directory);
    assert.equal(code, 79);
    assert.match(
      out,
      /Error \[IST0106\] \(Service videos-db\.default .*a\.yaml:7\) spec\.ports\[0\]\.prt: unknown field "prt"; did you mean "port"\?/,
    );
    assert.match(err, /Analyzers found issues/);
  });

  it('writes JSON and YAML for programs', () => {
    writeFileSync(join(directory, 'a.yaml'), SERVICE);
    const [record] = JSON.parse(run('-v', '-o', 'json', directory).out) as Record<string, unknown>[];
    assert.equal(record?.['code'], 'IST0118');
    assert.equal(record?.['level'], 'Info');
    assert.equal(record?.['origin'], 'Service videos-db.default');
    assert.deepEqual([record?.['line'], record?.['column'], record?.['path']], [7, 11, 'spec.ports[0].port']);
    assert.match(run('-v', '-o', 'yaml', directory).out, /^- code: IST0118\n {2}name: PortName/);
  });

  it('says how it is called to who calls it wrongly', () => {
    assert.equal(run().code, 2);
    assert.match(run('--output', 'xml', directory).err, /--output is xml, and must be one of log, json, yaml/);
    assert.match(run(join(directory, 'nothing')).err, /cannot read .*ENOENT/);
    assert.match(run('--list-codes').out, /IST0109 Error {3}ConflictingMesh/);
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
