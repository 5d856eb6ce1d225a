import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const weft = fileURLToPath(new URL('../bin/weft', import.meta.url));
const run = (...args: string[]) => spawnSync(weft, args, { encoding: 'utf8' });

describe('the weft command', () => {
  it('prints its commands for --help', () => {
    const { status, stdout } = run('--help');
    assert.equal(status, 0);
    assert.match(stdout, /^Usage: weft COMMAND/);
    assert.match(stdout, /^ {2}proxy /m);
    assert.match(stdout, /^ {2}demo /m);
  });

  it("runs on the workspace's own Node, whatever node is on the path", () => {
    const { stdout } = spawnSync(weft, ['--version'], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } });
    assert.match(stdout, /^weft \d+\.\d+\.\d+ \(node 24\./);
  });

  it('names the nearest command for one that is not there', () => {
    const { status, stderr } = run('proxi');
    assert.equal(status, 2);
    assert.match(stderr, /there is no command "proxi"; did you mean "proxy"\?/);
  });

  it('becomes the app that a verb names, with its arguments', () => {
    const { status, stdout } = run('proxy', '--help');
    assert.equal(status, 0);
    assert.match(stdout, /Usage: weft proxy -c FILE/);
  });
});
