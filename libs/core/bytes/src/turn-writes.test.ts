import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EARLY_TRANSPORTS, TurnWrites, type HeldWriter } from './turn-writes.ts';

function writers(count: number, written: string[], name = ''): HeldWriter[] {
  return Array.from({ length: count }, (_, i) => ({ writeHeld: () => void written.push(`${name}${i}`) }));
}

test('a few transports write at the end of the turn', () => {
  const turn = new TurnWrites();
  const written: string[] = [];
  for (const writer of writers(EARLY_TRANSPORTS - 1, written)) turn.add(writer);
  assert.equal(written.length, 0);
  turn.flush();
  assert.equal(written.length, EARLY_TRANSPORTS - 1);
});

test('many transports write within the turn, each once', () => {
  const turn = new TurnWrites();
  const written: string[] = [];
  for (const writer of writers(EARLY_TRANSPORTS + 1, written)) turn.add(writer);
  assert.equal(written.length, EARLY_TRANSPORTS);
  turn.flush();
  assert.deepEqual(
    written,
    Array.from({ length: EARLY_TRANSPORTS + 1 }, (_, i) => String(i)),
  );
});

test('what gathers frames goes on gathering while transports write', () => {
  const turn = new TurnWrites();
  const written: string[] = [];
  const [gatherer] = writers(1, written, 'gatherer ');
  turn.addGatherer(gatherer as HeldWriter);
  for (const writer of writers(EARLY_TRANSPORTS, written)) turn.add(writer);
  assert.equal(written.length, EARLY_TRANSPORTS);
  turn.flush();
  assert.equal(written.at(-1), 'gatherer 0');
});

test('transports that gatherers write to at the end of the turn write in the same turn', () => {
  const turn = new TurnWrites();
  const written: string[] = [];
  const transports = writers(EARLY_TRANSPORTS * 2, written);
  for (const transport of transports) turn.addGatherer({ writeHeld: () => turn.add(transport) });
  turn.flush();
  assert.equal(written.length, transports.length);
  turn.flush();
  assert.equal(written.length, transports.length);
});

test('a turn without a flush of its own ends by itself', async () => {
  const turn = new TurnWrites();
  const written: string[] = [];
  turn.add(writers(1, written)[0] as HeldWriter);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(written, ['0']);
});

test('a transport that is added while others write is written with them, once', () => {
  const turn = new TurnWrites();
  const written: string[] = [];
  const [late] = writers(1, written, 'late ');
  const first = { writeHeld: () => turn.add(late as HeldWriter) };
  for (const writer of [first, ...writers(EARLY_TRANSPORTS - 1, written)]) turn.add(writer);
  assert.equal(written.length, EARLY_TRANSPORTS);
  assert.equal(written.at(-1), 'late 0');
  turn.flush();
  assert.equal(written.length, EARLY_TRANSPORTS);
});

test('a writer that throws takes nobody with it in the next turn', () => {
  const turn = new TurnWrites();
  const written: string[] = [];
  turn.add({
    writeHeld: () => {
      throw new Error('broken');
    },
  });
  assert.throws(() => turn.flush(), /broken/);
  for (const writer of writers(2, written)) turn.add(writer);
  turn.flush();
  assert.deepEqual(written, ['0', '1']);
});
