import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { WORKSPACE } from '@weft/testing-harness';

const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: WORKSPACE, encoding: 'utf8' }).trim().split('\n');

for (const page of pages)
  test(`${page} points at nothing that is not there`, () => {
    const text = readFileSync(join(WORKSPACE, page), 'utf8').replaceAll(/```[^]*?```/g, '');
    const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, target = '']) =>
      join(dirname(page), target),
    );
    // A path in code marks is meant from the workspace's root.
    const paths = [...text.matchAll(/`((?:libs|apps|tools|docs|examples|docker|kubernetes)\/[\w./-]+)`/g)].map(
      ([, path = '']) => path,
    );
    const lost = [...links, ...paths].filter((path) => !existsSync(join(WORKSPACE, path)));
    assert.deepEqual(lost, []);
  });
