import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { debugPort, keptVersions, weft } from './world.testing.ts';

const FIRST = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n';
const SECOND = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}\n';

const world = (t: TestContext): ReturnType<typeof keptVersions> => keptVersions(t, [FIRST, SECOND]);

describe('weft versions, diff and rollback', () => {
  it('lists versions, newest first, with what changed', async (t) => {
    const { stdout } = await weft('versions', debugPort(world(t).source));
    assert.equal(
      stdout,
      [
        'VERSION   SINCE                  FILES   CHANGES',
        '2         2026-01-02T00:02:00Z   1       changed Namespace shop',
        '1         2026-01-02T00:01:00Z   1       the first that is kept',
        '',
      ].join('\n'),
    );
  });

  it('shows what differs between two, or what the newest changed', async (t) => {
    const { source } = world(t);
    const { stdout, exitCode } = await weft('diff', debugPort(source));
    assert.equal(exitCode, 1, 'they differ');
    assert.equal(
      stdout,
      [
        'changed Namespace shop in shop.yaml',
        '--- Namespace shop (version 1)',
        '+++ Namespace shop (version 2)',
        '@@ -1,3 +1,3 @@',
        ' apiVersion: v1',
        ' kind: Namespace',
        '-metadata: {name: shop}',
        '+metadata: {name: shop, labels: {team: a}}',
        '',
      ].join('\n'),
    );
    assert.equal((await weft('diff 1 2', debugPort(source))).stdout, stdout);
    const same = await weft('diff 2', debugPort(source));
    assert.deepEqual([same.stdout, same.exitCode], ['Versions 2 and 2 hold the same documents.\n', 0]);
    const unknown = await weft('diff 7', debugPort(source));
    assert.equal(unknown.exitCode, 1);
    assert.equal(unknown.stderr, 'weft diff: there is no version 7: 1 to 2 are kept\nweft versions lists them.\n');
  });

  it('shows what a rollback changes, asks, and does it', async (t) => {
    const { source, file } = world(t);
    const no = await weft('rollback 1', debugPort(source), { confirm: () => Promise.resolve(false) });
    assert.equal(no.exitCode, 1);
    assert.match(
      no.stdout,
      /^-metadata: \{name: shop, labels: \{team: a\}\}\n\+metadata: \{name: shop\}\nNothing was changed\.\n$/m,
    );
    assert.equal(readFileSync(file, 'utf8'), SECOND);
    const questions: string[] = [];
    const yes = await weft('rollback 1', debugPort(source), {
      confirm: (question) => {
        questions.push(question);
        return Promise.resolve(true);
      },
    });
    assert.deepEqual(questions, ['Put this document back? [y/N] ']);
    assert.equal(yes.exitCode, 0);
    assert.match(yes.stdout, /\n1 document was put back as in version 1; this is version 3 now\.\n$/);
    assert.equal(readFileSync(file, 'utf8'), FIRST);
  });

  it('changes nothing where nobody can be asked', async (t) => {
    const { source, file } = world(t);
    const { exitCode, stderr } = await weft('rollback 1', debugPort(source));
    assert.equal(exitCode, 1);
    assert.match(stderr, /nothing was changed: there is no terminal to ask on\nweft rollback 1 --yes does not ask\./);
    assert.equal(readFileSync(file, 'utf8'), SECOND);
  });

  it('refuses to lose an edit that is in no version, unless it is forced', async (t) => {
    const { source, file } = world(t);
    writeFileSync(file, '# being edited\n');
    const refused = await weft('rollback 1 --yes', debugPort(source));
    assert.equal(refused.exitCode, 1);
    assert.equal(
      refused.stderr,
      'weft rollback: shop.yaml changed and is in no version yet: a rollback would lose that\n' +
        'Wait until they are a version, or give the edits up with --force.\n',
    );
    const forced = await weft('rollback 1 --yes --force', debugPort(source));
    assert.equal(forced.exitCode, 0);
    assert.equal(readFileSync(file, 'utf8'), FIRST);
  });

  it('wants a number', async (t) => {
    const { exitCode, stderr } = await weft('rollback newest', debugPort(world(t).source));
    assert.equal(exitCode, 2);
    assert.match(stderr, /"newest" is no version/);
  });
});
