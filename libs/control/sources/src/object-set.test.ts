import { SupportCheck } from '@weft/api-kube';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { faultLines, ObjectFiles, type ObjectChanges } from './object-set.ts';

const rule = (name: string, host = name): string =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n  name: ${name}\nspec:\n  host: ${host}\n`;

function names({ added, changed, removed }: ObjectChanges): string {
  const list = (objects: readonly { readonly ref: { readonly name: string } }[]): string =>
    objects.map(({ ref }) => ref.name).join(',');
  return `+${list(added)} ~${list(changed)} -${list(removed)}`;
}

describe('texts of resources', () => {
  it('tell what was added, changed and removed', () => {
    const files = new ObjectFiles();
    assert.equal(
      names(
        files.update(
          new Map([
            ['b.yaml', rule('b')],
            ['a.yaml', `${rule('a')}---\n${rule('c')}`],
          ]),
        ),
      ),
      '+a,c,b ~ -',
    );
    assert.equal(names(files.update(new Map([['a.yaml', `${rule('a')}---\n${rule('c', 'x')}`]]))), '+ ~c -');
    assert.equal(names(files.update(new Map([['a.yaml', `# moved\n${rule('a')}`]]))), '+ ~ -c');
    assert.equal(names(files.update(new Map([['b.yaml', undefined]]))), '+ ~ -b');
    const { objects, faults } = files.snapshot();
    assert.deepEqual([...objects.keys()], ['networking.istio.io/DestinationRule/default/a']);
    assert.deepEqual(faults, []);
    assert.deepEqual([...objects.values()][0]?.place.positionOf('spec.host'), { line: 7, column: 9 });
  });

  it('give an object that moved in its file as it was', () => {
    const files = new ObjectFiles();
    files.update(new Map([['a.yaml', rule('a')]]));
    const [before] = files.snapshot().objects.values();
    files.update(new Map([['a.yaml', `\n\n${rule('a')}`]]));
    const [after] = files.snapshot().objects.values();
    assert.equal(after?.spec, before?.spec);
    assert.equal(after?.place.line, 3);
  });

  it('leave the last good version of a faulty resource in force, and take all else', () => {
    const files = new ObjectFiles();
    files.update(new Map([['a.yaml', `${rule('a')}---\n${rule('b')}`]]));
    const broken = `${rule('a').replace('host', 'hots')}---\n${rule('b', 'new')}`;
    assert.equal(names(files.update(new Map([['a.yaml', broken]]))), '+ ~b -');
    const { objects, faults } = files.snapshot();
    assert.equal(objects.size, 2);
    assert.deepEqual(faultLines(faults), [
      'a.yaml:6:3: spec.hots: unknown field "hots"; did you mean "host"?',
      'a.yaml:5:1: spec: lacks the field "host"',
    ]);
    assert.equal(names(files.update(new Map([['a.yaml', 'a: [']]))), '+ ~ -');
    assert.equal(files.snapshot().objects.size, 2, 'whose text it is cannot be told');
    assert.equal(names(files.update(new Map([['a.yaml', '']]))), '+ ~ -a,b');
  });

  it('take no harm from documents of other kinds, nor keep anything for them', () => {
    const files = new ObjectFiles();
    const other = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n';
    assert.equal(names(files.update(new Map([['a.yaml', `${rule('a')}---\n${other}`]]))), '+a ~ -');
    assert.deepEqual(faultLines(files.snapshot().faults), [
      'a.yaml:9:7: kind: Deployment comes with a later version of Weft',
    ]);
    assert.equal(files.snapshot().refused[0]?.foreign, true);
    assert.equal(names(files.update(new Map([['a.yaml', other]]))), '+ ~ -a');
  });

  it('say which of two with one name is in force, and let the other in when that one goes', () => {
    const files = new ObjectFiles();
    files.update(
      new Map([
        ['b.yaml', rule('a', 'second')],
        ['a.yaml', rule('a', 'first')],
      ]),
    );
    const { objects, faults } = files.snapshot();
    assert.equal(objects.size, 1);
    assert.match(
      faultLines(faults)[0] ?? '',
      /^b.yaml:1:1: metadata.name: DestinationRule default\/a is already defined at a.yaml:1; that one/,
    );
    assert.equal(names(files.update(new Map([['a.yaml', undefined]]))), '+ ~a -');
    assert.deepEqual(files.snapshot().faults, []);
  });

  it('make those older that were seen first, unless they tell their age', () => {
    const files = new ObjectFiles();
    files.update(
      new Map([
        ['b.yaml', rule('b')],
        ['c.yaml', rule('c')],
      ]),
    );
    files.update(
      new Map([
        ['a.yaml', rule('a')],
        ['d.yaml', rule('d').replace('  name: d', '  name: d\n  creationTimestamp: "2020-01-01T00:00:00Z"')],
      ]),
    );
    const ages = [...files.snapshot().objects.values()].map(({ ref, createdAtMs }) => [ref.name, createdAtMs]);
    assert.deepEqual(ages, [
      ['b', 1],
      ['c', 2],
      ['a', 3],
      ['d', Date.parse('2020-01-01T00:00:00Z')],
    ]);
  });

  it('are refused by name where they ask for what comes later', () => {
    const files = new ObjectFiles({
      support: new SupportCheck({ 'networking.istio.io/DestinationRule': ['subsets.*'] }),
    });
    assert.equal(names(files.update(new Map([['a.yaml', rule('a')]]))), '+ ~ -');
    assert.deepEqual(faultLines(files.snapshot().faults), [
      'a.yaml:6:3: spec.host: the field "host" comes with a later version of Weft',
    ]);
  });

  it('are as old as they were in an earlier run', () => {
    const files = new ObjectFiles();
    files.update(new Map([['z.yaml', rule('z')]]));
    files.update(new Map([['a.yaml', rule('a')]]));
    const later = new ObjectFiles({ ages: ['gone', ...files.ages()] });
    later.update(
      new Map([
        ['a.yaml', rule('a')],
        ['b.yaml', rule('b')],
        ['z.yaml', rule('z')],
      ]),
    );
    const byAge = [...later.snapshot().objects.values()].sort((one, two) => one.createdAtMs - two.createdAtMs);
    assert.deepEqual(
      byAge.map(({ ref }) => ref.name),
      ['z', 'a', 'b'],
    );
    assert.equal(later.ages().includes('gone'), false);
  });

  it('say what stays since its file cannot be read whole', () => {
    const files = new ObjectFiles();
    files.update(new Map([['a.yaml', `${rule('a')}---\n${rule('b')}`]]));
    files.update(new Map([['a.yaml', `${rule('a')}---\nkind: DestinationRule\n`]]));
    assert.match(faultLines(files.snapshot().faults).at(-1) ?? '', /^a\.yaml: .*default\/b: in force as before, since/);
    files.update(new Map([['a.yaml', rule('a')]]));
    assert.deepEqual(files.snapshot().faults, []);
  });
});
