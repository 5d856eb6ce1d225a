import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { simulate, type TestCall } from './simulate.testing.ts';
import { statuses } from './status.testing.ts';
import { translate } from './translate.ts';
import { readWorld } from './world.testing.ts';

const text = readFileSync(new URL('../testdata/delegates/in.yaml', import.meta.url), 'utf8');

function caller(name: string) {
  const { snapshot, proxies } = readWorld(text);
  const proxy = proxies.get(name);
  assert.ok(proxy);
  const resources = translate(snapshot, proxy);
  return (call: Omit<TestCall, 'port'>) =>
    simulate(resources, 'outbound', {
      ip: name === 'edge' ? '0.0.0.0' : '10.0.1.1',
      port: 80,
      host: 'shop.example',
      ...call,
    });
}

for (const name of ['client', 'edge'])
  test(`rules of a delegate are asked in the place of the rule that names it, within its match (${name})`, () => {
    const call = caller(name);
    assert.deepEqual(call({ path: '/' }).hosts, ['10.0.1.1:80']);
    assert.deepEqual(call({ path: '/cart/1' }).hosts, ['10.0.1.2:80']);
    assert.deepEqual(call({ path: '/basket/1' }).hosts, ['10.0.1.2:80']);
    assert.deepEqual(call({ path: '/cart/1', headers: ['x-version', 'v2'] }).hosts, ['10.0.1.3:80']);
    // The canary's own match is for /cart, which /basket is not.
    assert.deepEqual(call({ path: '/basket/1', headers: ['x-version', 'v2'] }).hosts, ['10.0.1.2:80']);
    const post = call({ path: '/cart/1', method: 'POST' }).route;
    assert.ok(post?.action.kind === 'direct_response' && post.action.status === 405);
  });

test('a rule whose delegate is not there, or not exported, is passed over', () => {
  const call = caller('client');
  assert.deepEqual(call({ path: '/gone' }).hosts, ['10.0.1.1:80']);
  assert.deepEqual(call({ path: '/kept' }).hosts, ['10.0.1.1:80']);
});

test('a rule of a delegate takes over what it does not say itself', () => {
  const call = caller('client');
  const timeout = (headers: string[]) => {
    const { route } = call({ path: '/cart', headers });
    return route?.action.kind === 'forward' ? route.action.timeoutMs : undefined;
  };
  assert.equal(timeout([]), 3000);
  assert.equal(timeout(['x-version', 'v2']), 1000);
});

test('who delegates hears what is left out, and a delegate who takes it', () => {
  const found = statuses(text);
  assert.equal(
    found['VirtualService shop'],
    'effective on 2 proxies; rule "outside" of the delegate cart/cart matches what this rule does not; ' +
      'there is no VirtualService default/nobody to delegate to; ' +
      'VirtualService cart/kept is not exported to the namespace default',
  );
  assert.equal(found['VirtualService cart'], 'effective on 2 proxies; used by VirtualService default/shop');
  assert.equal(
    found['VirtualService kept'],
    'not used: it has no hosts, and no VirtualService takes a rule of it by delegate',
  );
});
