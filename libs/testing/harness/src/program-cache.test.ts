import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { inCache } from './program-cache.ts';

describe('a program in the cache', () => {
  let folder: string;
  let home: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weft-cache-'));
    home = join(folder, 'deep', 'program');
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const left = (): Promise<string[]> => readdir(join(folder, 'deep'));

  it('is made once, and nothing but it is left', async () => {
    let made = 0;
    const make = async (draft: string): Promise<string> => {
      made += 1;
      await writeFile(join(draft, 'waste'), '');
      await writeFile(join(draft, 'built'), 'text');
      return join(draft, 'built');
    };
    assert.equal(await inCache(home, make), home);
    assert.equal(await inCache(home, make), home);
    assert.equal(made, 1);
    assert.equal(await readFile(home, 'utf8'), 'text');
    assert.deepEqual(await left(), ['program']);
  });

  it('stays the first one where several make a folder at a time', async () => {
    const { promise: bothStarted, resolve } = Promise.withResolvers<undefined>();
    let started = 0;
    const make = (name: string) => async (draft: string) => {
      if ((started += 1) === 2) resolve(undefined);
      await bothStarted;
      await mkdir(join(draft, 'built'));
      await writeFile(join(draft, 'built', 'name'), name);
      return join(draft, 'built');
    };
    await Promise.all([inCache(home, make('one')), inCache(home, make('two'))]);
    const kept = await readFile(join(home, 'name'), 'utf8');
    assert.ok(kept === 'one' || kept === 'two', kept);
    assert.deepEqual(await left(), ['program']);
  });

  it('is not there at all when making it fails half way', async () => {
    const make = async (draft: string): Promise<string> => {
      await writeFile(join(draft, 'half'), '');
      throw new Error('no network');
    };
    await assert.rejects(inCache(home, make), /no network/);
    assert.deepEqual(await left(), []);
  });
});
