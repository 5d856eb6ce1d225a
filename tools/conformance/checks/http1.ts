import { REQUEST_CORPUS, RESPONSE_CORPUS, type RequestCase } from '@weft/net-h1/testing';
import { ScriptedUpstream } from '@weft/testing-harness';
import {
  answer,
  bootstrap,
  cutsOf,
  hostileScript,
  LANES,
  playRequest,
  playResponse,
} from '../../../apps/mesh-e2e/src/http1-corpus.ts';
import type { Check } from '../check.ts';

const HOSTILE = RESPONSE_CORPUS.filter(({ asked }) => asked !== 'CONNECT');

/**
 * Envoy leaves a client that it has refused a second to close by itself, which thousands of plays have not got. Changed in the
 * text, so that the bootstrap stays the suite's.
 */
function hurried(bootstrapOfSuite: object): object {
  const text = JSON.stringify(bootstrapOfSuite);
  return JSON.parse(text.replaceAll('"stat_prefix":', '"delayed_close_timeout":"0.02s","stat_prefix":')) as object;
}

/** A case has failed where it failed at any cut. The first fault says enough: the next may take seconds to be seen. */
async function faultOf(one: RequestCase, place: Parameters<typeof playRequest>[2]): Promise<string | undefined> {
  for (const cut of cutsOf(one.bytes)) {
    const fault = await playRequest(one, cut, place).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (fault !== undefined) return fault;
  }
  return undefined;
}

export const http1: Check = {
  name: 'http1',
  title: 'HTTP/1.1: raw octets from clients and upstreams',
  async run(peer) {
    const upstreams = await Promise.all(Array.from({ length: LANES }, () => ScriptedUpstream.start(answer)));
    const hostile = await ScriptedUpstream.start(hostileScript(HOSTILE));
    const ports = upstreams.map(({ port }) => port);
    const proxy = await peer.start(hurried(bootstrap(ports, hostile.port)));
    const faults = new Map<string, string>();
    try {
      const cases = [...REQUEST_CORPUS];
      const runLane = async (upstream: ScriptedUpstream, lane: number): Promise<void> => {
        for (let one = cases.pop(); one !== undefined; one = cases.pop()) {
          const fault = await faultOf(one, { proxy, upstream, lane });
          if (fault !== undefined) faults.set(`request: ${one.title}`, fault);
        }
      };
      await Promise.all(upstreams.map(runLane));
      for (const [index, one] of HOSTILE.entries())
        await playResponse(one, index, proxy).catch((error: Error) =>
          faults.set(`response: ${one.title}`, error.message),
        );
    } finally {
      await proxy.stop();
      await Promise.all([...upstreams, hostile].map((upstream) => upstream.stop()));
    }
    const failed = (kind: string): number => [...faults.keys()].filter((title) => title.startsWith(kind)).length;
    const rows = new Map([
      ['requests, each cut at every octet', `${REQUEST_CORPUS.length - failed('request')} of ${REQUEST_CORPUS.length}`],
      ['responses of hostile upstreams', `${HOSTILE.length - failed('response')} of ${HOSTILE.length}`],
    ]);
    return { rows, faults: [...faults].map(([title, fault]) => `${title}: ${fault.split('\n')[0]}`) };
  },
};
