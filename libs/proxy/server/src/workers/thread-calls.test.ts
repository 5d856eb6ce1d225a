import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { ThreadCalls } from './thread-calls.ts';

interface Remote {
  double(value: number): number;
  later(value: string): Promise<string>;
  refuse(): Promise<void>;
  note(text: string): void;
}

const notes: string[] = [];
const remote: Remote = {
  double: (value) => value * 2,
  later: (value) => Promise.resolve(`${value}!`),
  refuse: () => Promise.reject(new Error('there is no such thing')),
  note: (text) => void notes.push(text),
};

const { port1, port2 } = new MessageChannel();
const order: string[] = [];
new ThreadCalls(port2, [remote], () => void order.push('before the answer'));
const calls = new ThreadCalls<Remote>(port1, []);
after(() => {
  port1.close();
});

describe('calls between threads', () => {
  it('are answered with values, at once or later', async () => {
    assert.equal(await calls.call('double', 21), 42);
    assert.equal(await calls.call('later', 'yes'), 'yes!');
    assert.ok(order.length >= 2);
  });

  it('reject with the sentence of the other side', async () => {
    await assert.rejects(calls.call('refuse'), /there is no such thing/);
  });

  it('may want no answer, and keep their order with those that do', async () => {
    calls.tell('note', 'first');
    calls.tell('note', 'second');
    await calls.call('double', 1);
    assert.deepEqual(notes, ['first', 'second']);
  });

  it('fail when the other thread is gone', async () => {
    const silent = new MessageChannel();
    const alone = new ThreadCalls<Remote>(silent.port1, []);
    const answer = alone.call('double', 1);
    alone.fail(new Error('worker 1: it ended'));
    await assert.rejects(answer, /worker 1: it ended/);
    await assert.rejects(alone.call('double', 1), /worker 1: it ended/, 'nor is anything asked any more');
    silent.port1.close();
    await once(silent.port1, 'close');
  });
});
