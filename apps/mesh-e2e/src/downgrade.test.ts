import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  answerDowngraded,
  DOWNGRADE_CASES,
  downgradeBootstrap,
  playDowngrade,
  ScriptedUpstream,
  startWeft,
  type RunningProxy,
} from '@weft/testing-harness';

describe('HTTP/2 from clients that becomes HTTP/1.1', () => {
  let upstream: ScriptedUpstream;
  let proxy: RunningProxy;
  before(async () => {
    upstream = await ScriptedUpstream.start(answerDowngraded);
    proxy = await startWeft({ bootstrap: downgradeBootstrap(upstream.port) });
  });
  after(async () => {
    await proxy?.stop();
    await upstream?.stop();
  });

  for (const one of DOWNGRADE_CASES)
    it(`${one.passes === undefined ? 'lets nothing pass of' : 'passes'} ${one.title}`, async () => {
      assert.equal(await playDowngrade(one, proxy, upstream), undefined);
    });
});
