import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileUriTemplate } from './uri-template.ts';

test('variables and stars are one segment, two stars any number', () => {
  const table: [template: string, matches: string[], not: string[]][] = [
    ['/a', ['/a'], ['/a/', '/b', '/a/b']],
    ['/a/*', ['/a/b', '/a/b.c'], ['/a', '/a/', '/a/b/c']],
    ['/a/{x}/c', ['/a/b/c'], ['/a//c', '/a/b/d/c']],
    ['/a/**', ['/a/', '/a/b', '/a/b/c'], ['/a', '/b']],
    ['/{x}/{y=**}', ['/a/b/c'], ['/a']],
    ['/v/{x=a/*}', ['/v/a/b'], ['/v/b/a', '/v/a']],
    ['/a/**.js', ['/a/b/c.js'], ['/a/b.ts']],
  ];
  for (const [template, matches, not] of table) {
    const compiled = compileUriTemplate(template);
    assert.ok(compiled instanceof RegExp, `${template}: ${String(compiled)}`);
    for (const path of matches) assert.ok(compiled.test(path), `${template} ${path}`);
    for (const path of not) assert.ok(!compiled.test(path), `${template} ${path}`);
  }
});

test('what is no template is told', () => {
  for (const template of ['a', '/{', '/{x', '/}', '/{x}/{x}', '/**/a/*', '/{a}{b}{c}{d}{e}{f}', '/{x={y}}'])
    assert.equal(typeof compileUriTemplate(template), 'string', template);
});
