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
    assert.match(stdout, /^Ask the mesh:\n {2}check /m);
    assert.match(stdout, /^Documents:\n {2}status /m);
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

  it('asks for the verbs that ask, and says how to reach who can answer', () => {
    const help = run('authz', 'why', '--help');
    assert.equal(help.status, 0);
    assert.match(help.stdout, /^Usage: weft authz why SRC DST METHOD PATH/);
    const { status, stderr } = run('edges', '--control-plane', 'http://127.0.0.1:1');
    assert.equal(status, 3);
    assert.match(stderr, /^weft edges: cannot reach the control plane at http:\/\/127\.0\.0\.1:1: /);
  });

  it('becomes the app that a verb names, with its arguments', () => {
    const { status, stdout } = run('proxy', '--help');
    assert.equal(status, 0);
    assert.match(stdout, /Usage: weft proxy -c FILE/);
  });
});
