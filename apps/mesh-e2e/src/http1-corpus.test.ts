import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { REQUEST_CORPUS, RESPONSE_CORPUS, type ResponseCase } from '@weft/net-h1/testing';
import { ScriptedUpstream, startWeft, type RunningProxy } from '@weft/testing-harness';
import { LANES, answer, bootstrap, cutsOf, hostileScript, playRequest, playResponse } from './http1-corpus.ts';

/** Answers to CONNECT are the codec's tests: no route here leads to one. */
const HOSTILE: readonly ResponseCase[] = RESPONSE_CORPUS.filter(({ asked }) => asked !== 'CONNECT');

describe('the corpus of raw HTTP/1.1', () => {
  let upstreams: ScriptedUpstream[] = [];
  let hostile: ScriptedUpstream;
  let proxy: RunningProxy;
  before(async () => {
    upstreams = await Promise.all(Array.from({ length: LANES }, () => ScriptedUpstream.start(answer)));
    hostile = await ScriptedUpstream.start(hostileScript(HOSTILE));
    const ports = upstreams.map(({ port }) => port);
    proxy = await startWeft({ bootstrap: bootstrap(ports, hostile.port) });
  });
  after(async () => {
    await proxy?.stop();
    await Promise.all([...upstreams, hostile].map((upstream) => upstream.stop()));
  });

  it('passes no more requests and no other bodies than it should, wherever requests are cut', async () => {
    const plays = REQUEST_CORPUS.flatMap((one) => cutsOf(one.bytes).map((cut) => ({ one, cut })));
    const faults: string[] = [];
    const runLane = async (upstream: ScriptedUpstream, lane: number): Promise<void> => {
      for (let play = plays.pop(); play !== undefined; play = plays.pop()) {
        const { one, cut } = play;
        await playRequest(one, cut, { proxy, upstream, lane }).catch((error: Error) => {
          faults.push(`${one.title}: ${error.message}`);
        });
      }
    };
    await Promise.all(upstreams.map(runLane));
    assert.deepEqual(faults.slice(0, 20), []);
  });

  it('passes nothing of a hostile response for a whole one, nor to the next request', async () => {
    const faults: string[] = [];
    for (const [index, one] of HOSTILE.entries())
      await playResponse(one, index, proxy).catch((error: Error) => {
        faults.push(`${one.title}: ${error.message}`);
      });
    assert.deepEqual(faults, []);
  });

  it('is still alive', async () => {
    const stats = await proxy.stats('server.live');
    assert.equal(stats.get('server.live'), 1);
  });
});
