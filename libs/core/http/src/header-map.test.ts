import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from './header-map.ts';

describe('a header map', () => {
  it('keeps the order and all values of a name', () => {
    const headers = new HeaderMap(['a', '1', 'b', '2', 'a', '3']);
    assert.equal(headers.get('a'), '1');
    assert.deepEqual(headers.getAll('a'), ['1', '3']);
    assert.equal(headers.getJoined('a'), '1,3');
    assert.deepEqual([headers.size, headers.byteSize], [3, 6]);
  });

  it('sets a value in the place of the first and drops the others', () => {
    const headers = new HeaderMap(['a', '1', 'b', '2', 'a', '3']);
    headers.set('a', 'x');
    assert.deepEqual([...headers], [['a', 'x'], ['b', '2']]); // prettier-ignore
    headers.set('c', 'y');
    assert.deepEqual(headers.raw, ['a', 'x', 'b', '2', 'c', 'y']);
  });

  it('removes every value of a name and says whether there was one', () => {
    const headers = new HeaderMap(['a', '1', 'b', '2', 'a', '3']);
    assert.equal(headers.remove('a'), true);
    assert.equal(headers.remove('a'), false);
    assert.deepEqual(headers.raw, ['b', '2']);
  });

  it('serves pseudo headers beside the others', () => {
    const request = new RequestHeaderMap('GET', '/x', 'host:1');
    assert.deepEqual([request.get(':method'), request.get(':path'), request.get('host')], ['GET', '/x', 'host:1']);
    request.set(':path', '/y');
    assert.equal(request.clone().path, '/y');
    const response = new ResponseHeaderMap(204);
    response.set(':status', '200');
    assert.deepEqual([response.status, response.get(':status')], [200, '200']);
  });
});
