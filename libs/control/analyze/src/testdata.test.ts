import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { analyzeSet } from './analyze.ts';
import { CODES } from './codes.ts';
import { formatMessage } from './format.ts';
import type { Message } from './message.ts';
import { readDocuments } from './read-documents.ts';

const testdata = join(import.meta.dirname, 'testdata');
const wrong = globSync(join(testdata, 'wrong/*')).sort();
const right = globSync(join(testdata, 'right/*')).sort();

interface Expected {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  readonly hint: string;
}

/** What the comments of a text say: `# expect CODE: hint`, once or more at the end of the line that is to be told. */
function expectedIn(file: string, text: string): Expected[] {
  return text.split('\n').flatMap((line, index) => {
    const all = line.matchAll(/# expect (\w+): ([^#]+)/g);
    return [...all].map(([, code = '', hint = '']) => ({ file, line: index + 1, code, hint: hint.trim() }));
  });
}

function judge(files: readonly string[]): {
  readonly messages: readonly Message[];
  readonly expected: readonly Expected[];
} {
  const texts = new Map(files.map((file) => [basename(file), readFileSync(file, 'utf8')]));
  return {
    messages: analyzeSet(readDocuments(texts)),
    expected: [...texts].flatMap(([file, text]) => expectedIn(file, text)),
  };
}

function assertFound(files: readonly string[]): void {
  const { messages, expected } = judge(files);
  const place = ({ file, line, code }: Expected | Message): string => `${file}:${line} ${code}`;
  assert.deepEqual(messages.map(place).sort(), expected.map(place).sort(), messages.map(formatMessage).join('\n'));
  for (const want of expected) {
    const lines = messages.filter((message) => place(message) === place(want)).map(formatMessage);
    assert.ok(
      lines.some((line) => line.toLowerCase().includes(want.hint.toLowerCase())),
      `${place(want)} says "${lines.join('\n')}", not "${want.hint}"`,
    );
  }
}

describe('a wrong resource is told with its line and what to do, and nothing else is', () => {
  for (const file of wrong) it(basename(file), () => assertFound([file]));
});

it("the demo's resources are flagged where they are wrong in the sources or ask for what comes later, and nowhere else", () => {
  assertFound(right);
});

it('there are forty wrong resources and more, each says what is wrong with it, and every code is shown', () => {
  assert.ok(wrong.length >= 40);
  const shown = new Set<string>();
  for (const file of wrong) {
    const expected = expectedIn(file, readFileSync(file, 'utf8'));
    assert.ok(file.endsWith('.yaml') && expected.length > 0, `${file} expects nothing`);
    for (const { code } of expected) shown.add(code);
  }
  assert.deepEqual(
    Object.keys(CODES).filter((code) => !shown.has(code)),
    [],
  );
});
