import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiUrl } from './api-url.ts';

const CASES: readonly (readonly [page: string, api: string])[] = [
  ['http://localhost/', 'http://localhost:81/'],
  ['http://localhost:80/', 'http://localhost:81/'],
  ['http://localhost:5173/index.html', 'http://localhost:81/'],
  ['http://localhost:8080/home/', 'http://localhost:8080/api/playlists'],
  ['http://localhost:8080/home', 'http://localhost:8080/api/playlists'],
  ['http://localhost/home/index.html', 'http://localhost/api/playlists'],
  ['http://localhost/homepage', 'http://localhost:81/'],
  ['http://servicemesh.demo/', 'http://servicemesh.demo:/api/playlists'],
  ['http://servicemesh.demo/home/', 'http://servicemesh.demo/api/playlists'],
  ['http://servicemesh.demo:8000/', 'http://servicemesh.demo:8000/api/playlists'],
  ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080/api/playlists'],
  ['http://127.0.0.1:8080/home/?mode=classic', 'http://127.0.0.1:8080/api/playlists'],
  ['https://demo.example/home/', 'https://demo.example/api/playlists'],
];

for (const [page, api] of CASES) {
  test(`the page at ${page} calls ${api}`, () => {
    assert.equal(apiUrl(new URL(page)), api);
  });
}

test('an address with an empty port is an address', () => {
  assert.equal(new URL('http://servicemesh.demo:/api/playlists').href, 'http://servicemesh.demo/api/playlists');
});
