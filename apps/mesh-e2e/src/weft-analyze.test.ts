// `weft analyze` as people type it: over every wrong resource, which is told with file, line and what to do, and over the demo's
// resources as their sources have them, of which only what is wrong there is flagged.
import { WORKSPACE } from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, it } from 'node:test';

const TESTDATA = 'libs/control/analyze/src/testdata';
const FOUND = 79;

interface Told {
  readonly code: string;
  readonly level: 'Error' | 'Warning' | 'Info';
  readonly message: string;
  readonly hint?: string;
  readonly file: string;
  readonly line: number;
}

interface Run {
  readonly exitCode: number;
  readonly told: readonly Told[];
}

function analyze(...args: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const all = ['analyze', '-o', 'json', ...args];
    execFile(join(WORKSPACE, 'apps/cli/bin/weft'), all, { cwd: WORKSPACE }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      try {
        resolve({ exitCode, told: JSON.parse(stdout) as Told[] });
      } catch {
        reject(new Error(`exit code ${exitCode}\n${stdout}\n${stderr}`));
      }
    });
  });
}

/** What the comments of a file say: `# expect CODE: words`, at the end of the line that is to be told. */
function expectedIn(file: string): { readonly place: string; readonly words: string }[] {
  return readFileSync(join(WORKSPACE, file), 'utf8')
    .split('\n')
    .flatMap((line, i) =>
      [...line.matchAll(/# expect (\w+): ([^#]+)/g)].map(([, code = '', words = '']) => ({
        place: `${file}:${i + 1} ${code}`,
        words: words.trim().toLowerCase(),
      })),
    );
}

function assertTold({ told, exitCode }: Run, files: readonly string[]): void {
  const expected = files.flatMap(expectedIn);
  const place = ({ file, line, code }: Told): string => `${file}:${line} ${code}`;
  assert.deepEqual(told.map(place).sort(), expected.map((one) => one.place).sort());
  for (const want of expected) {
    const texts = told.filter((one) => place(one) === want.place).map(({ message, hint = '' }) => `${message} ${hint}`);
    assert.ok(
      texts.some((text) => text.toLowerCase().includes(want.words)),
      `${want.place} says "${texts.join('; ')}", not "${want.words}"`,
    );
  }
  assert.equal(exitCode, told.some(({ level }) => level === 'Error') ? FOUND : 0);
}

const filesOf = (folder: string): string[] =>
  globSync(join(WORKSPACE, TESTDATA, folder, '*'))
    .map((file) => relative(WORKSPACE, file))
    .sort();

const wrong = filesOf('wrong');

describe('weft analyze finds what is wrong, with file, line and what to do', { concurrency: 2 }, () => {
  for (const file of wrong)
    it(basename(file, '.yaml'), async () => {
      const run = await analyze('--verbose', file);
      assert.ok(run.told.length > 0);
      assertTold(run, [file]);
    });
});

it('there are forty wrong resources and more', () => {
  assert.ok(wrong.length >= 40);
  for (const file of wrong) assert.ok(expectedIn(file).length > 0, `${file} expects nothing`);
});

it("flags the demo's resources where their sources are wrong or ask for what comes later, and nowhere else", async () => {
  const files = filesOf('right');
  assertTold(await analyze('--verbose', join(TESTDATA, 'right')), files);
  const { exitCode, told } = await analyze(join(TESTDATA, 'right'));
  const flagged = told.filter(({ message }) => !/comes with a later version of Weft/.test(message));
  assert.deepEqual(
    flagged.map(({ file, code }) => `${basename(file)} ${code}`),
    ['services.yaml WFT0103', 'split-with-canary.yaml IST0109', 'split-with-canary.yaml WFT0102'],
  );
  assert.equal(exitCode, FOUND);
});

it('takes what is right without a word', async () => {
  const right = ['split-even.yaml', 'service-profile.yaml'].map((name) => join(TESTDATA, 'right', name));
  for (const file of right) assert.deepEqual(await analyze('--verbose', file), { exitCode: 0, told: [] });
});

it('says how it is called where it was called wrongly', async () => {
  await assert.rejects(analyze(), /exit code 2[^]*which directory\?/);
  await assert.rejects(analyze('--outputt', 'json', TESTDATA), /exit code 2/);
});
