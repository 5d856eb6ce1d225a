// What the control plane makes of resources is taken by Envoy, and by Weft in its strict mode: every golden output as a static
// bootstrap, its route configurations in place and its endpoints in their clusters. What is made for gRPC programs is no
// proxy's bootstrap (API listeners, certificate provider instances): control-plane-grpc.test.ts gives it to grpc-go and grpc-js.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { envoyProgram, runWeft, WORKSPACE } from '@weft/testing-harness';
import { parse } from 'yaml';
import { staticBootstrap, type Translated } from './static-bootstrap.ts';

const run = promisify(execFile);
const DATA = join(WORKSPACE, 'libs/control/translate/testdata');
const scratch = mkdtempSync(join(tmpdir(), 'weft-translation-'));
after(() => rmSync(scratch, { recursive: true }));

const FOR_PROGRAMS = 'grpc-clients';
const folders = readdirSync(DATA).filter((folder) => folder !== FOR_PROGRAMS);
const outputs = folders.flatMap((folder) =>
  readdirSync(join(DATA, folder))
    .filter((file) => file.endsWith('.out.yaml'))
    .map((file) => join(folder, file)),
);

function write(output: string): string {
  const golden = parse(readFileSync(join(DATA, output), 'utf8')) as Translated;
  const file = join(scratch, `${output.replaceAll('/', '_')}.json`);
  writeFileSync(file, JSON.stringify(staticBootstrap(golden)));
  return file;
}

test('Envoy takes every translation', async () => {
  const envoy = await envoyProgram();
  for (const output of outputs) {
    const args = ['--mode', 'validate', '--use-dynamic-base-id', '-l', 'error', '-c', write(output)];
    const fault: string = await run(envoy, args).then(
      () => '',
      (error: unknown) => (error as { readonly stderr: string }).stderr,
    );
    assert.equal(fault, '', output);
  }
});

test('Weft takes every translation, and implements all of it', async () => {
  for (const output of outputs) {
    const { code, err } = await runWeft(['--mode', 'validate', '--strict', '-c', write(output)]);
    assert.equal(code, 0, `${output}\n${err}`);
  }
});
