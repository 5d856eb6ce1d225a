import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RuntimeLayers, flattenRuntime } from './runtime-layers.ts';

const layers = () =>
  new RuntimeLayers([
    { name: 'base', kind: 'static', values: new Map(flattenRuntime({ a: { b: 5 }, on: true, text: 'x' })) },
    { name: 'admin', kind: 'admin', values: new Map() },
  ]);

describe('layered runtime', () => {
  it('reads nested keys by their dotted names, and falls back for what is no number', () => {
    const runtime = layers();
    assert.equal(runtime.integer('a.b', 1), 5);
    assert.equal(runtime.integer('text', 7), 7);
    assert.equal(runtime.integer('nowhere', 9), 9);
    assert.equal(runtime.boolean('on', false), true);
  });

  it('lets the admin layer win, until its override is removed', () => {
    const runtime = layers();
    assert.equal(runtime.modify(new Map([['a.b', '8']])), undefined);
    assert.equal(runtime.integer('a.b', 1), 8);
    assert.deepEqual(
      runtime.entries().find(({ key }) => key === 'a.b'),
      { key: 'a.b', finalValue: '8', layerValues: ['5', '8'] },
    );
    runtime.modify(new Map([['a.b', '']]));
    assert.equal(runtime.integer('a.b', 1), 5);
  });

  it('says that it cannot be changed without an admin layer', () => {
    assert.equal(new RuntimeLayers([]).modify(new Map([['a', '1']])), 'No admin layer specified');
  });

  it('takes shares as percentages and as fractions', () => {
    const runtime = new RuntimeLayers([
      {
        name: 's',
        kind: 'static',
        values: new Map(flattenRuntime({ p: 25, f: { numerator: 1, denominator: 'TEN_THOUSAND' } })),
      },
    ]);
    const none = { numerator: 0, denominator: 100 } as const;
    assert.deepEqual([24, 25].map((draw) => runtime.enabled('p', none, draw)), [true, false]); // prettier-ignore
    assert.deepEqual([0, 1].map((draw) => runtime.enabled('f', none, draw)), [true, false]); // prettier-ignore
    assert.equal(runtime.enabled('nowhere', { numerator: 100, denominator: 100 }, 99), true);
  });
});
