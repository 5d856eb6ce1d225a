import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { thumbnailOf } from './thumbnails.ts';

const IDS =
  'OFgziggbCOg myCcJJ_Fk10 2WSJF7d8dUg QThadS3Soig eyvLwK5C2dw JmCn7k0PlV4 _lpDfMkxccc jM36M39MA3I FfDI08sgrYY'.split(
    ' ',
  );

test('each of the nine videos has a drawing of its own that loads nothing', () => {
  const drawings = IDS.map((id) => thumbnailOf({ id, imageurl: `https://i.ytimg.com/vi/${id}/sddefault.jpg` }));
  assert.equal(new Set(drawings).size, 9);
  for (const drawing of drawings) {
    assert.ok(existsSync(fileURLToPath(drawing)), drawing);
    const svg = readFileSync(fileURLToPath(drawing), 'utf8');
    assert.doesNotMatch(svg.replace('http://www.w3.org/2000/svg', ''), /https?:|<script|<image|@import/);
  }
});

test('an unknown video keeps its own picture', () => {
  assert.equal(thumbnailOf({ id: 'x', imageurl: 'https://a.example/x.jpg' }), 'https://a.example/x.jpg');
});

test('a picture that is not remote is kept', () => {
  assert.equal(thumbnailOf({ id: 'OFgziggbCOg', imageurl: 'pictures/own.jpg' }), 'pictures/own.jpg');
});
