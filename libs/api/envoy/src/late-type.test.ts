import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DescEnum, DescMessage } from '@bufbuild/protobuf';
import { LateType } from './late-type.ts';

function lateMessage(): { readonly type: DescMessage; readonly loads: () => number } {
  let loads = 0;
  const late = new LateType(
    { kind: 'message', typeName: 'a.B' },
    {
      load: (type) => {
        loads += 1;
        const parsed = {
          kind: 'message',
          typeName: 'a.B',
          name: 'B',
          fields: [{ name: 'x' }, { name: 'y' }],
          proto: {},
        };
        type.become(parsed as unknown as DescEnum);
      },
    },
  );
  return { type: late as unknown as DescMessage, loads: () => loads };
}

test('A type is not parsed for its name, its kind, or what it is called in a message', () => {
  const { type, loads } = lateMessage();
  assert.deepEqual([type.kind, type.typeName, String(type)], ['message', 'a.B', 'message a.B']);
  assert.equal(loads(), 0);
});

test('A type is parsed once, when somebody looks into it', () => {
  const { type, loads } = lateMessage();
  assert.equal(type.name, 'B');
  assert.deepEqual(
    type.fields.map((field) => field.name),
    ['x', 'y'],
  );
  assert.equal(loads(), 1);
});

test('Taking the first field of a type parses nothing, and looking at it does', () => {
  const { type, loads } = lateMessage();
  const { fields } = type;
  const [first] = [fields[0]];
  assert.equal(loads(), 0);
  assert.equal(first?.name, 'x');
  assert.equal(loads(), 1);
  assert.deepEqual([fields.length, [...fields].length, fields.map((field) => field.name)], [2, 2, ['x', 'y']]);
});
