import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  CertificateAuthority,
  cluster,
  connectionManager,
  downstreamTls,
  findGoProgram,
  freePort,
  listener,
  routesOf,
  runH2spec,
  startWeft,
  type RunningProxy,
} from '@weft/testing-harness';

const CASES = 145;
/** RFC 9113 took PRIORITY's rules back (section 5.3.2): a stream that depends on itself is no error any more. */
const TAKEN_BACK = /^http2\/5\.3\.1 /;

const ANSWER = { direct_response: { status: 200, body: { inline_string: 'hello' } } };

/**
 * Plaintext and TLS listeners that answer themselves, and the same that pass on by HTTP/1.1. Plaintext is HTTP/2 by prior
 * knowledge: with AUTO, what does not begin as HTTP/2 is bad HTTP/1.1, and is told so in HTTP/1.1.
 */
function bootstrap(ca: CertificateAuthority, upstreamPort: number): object {
  const manager = (name: string, codec: string, route: object): ReturnType<typeof connectionManager> =>
    connectionManager(name, { codec_type: codec, ...routesOf({ match: { prefix: '/' }, ...route }) });
  const proxied = { route: { cluster: 'upstream' } };
  const tls = downstreamTls(ca.issue('localhost'), ['h2', 'http/1.1']);
  const secured = (name: string, filter: ReturnType<typeof connectionManager>): object => ({
    ...listener(name, filter),
    filter_chains: [{ filters: [filter], transport_socket: tls }],
  });
  return {
    static_resources: {
      listeners: [
        listener('upstream', manager('upstream', 'AUTO', ANSWER), upstreamPort),
        listener('h2c, direct response', manager('h2c', 'HTTP2', ANSWER)),
        secured('TLS, direct response', manager('tls', 'AUTO', ANSWER)),
        listener('h2c, proxied', manager('h2c_proxied', 'HTTP2', proxied)),
        secured('TLS, proxied', manager('tls_proxied', 'AUTO', proxied)),
      ],
      clusters: [cluster('upstream', [upstreamPort])],
    },
  };
}

describe('h2spec', () => {
  let ca: CertificateAuthority;
  let proxy: RunningProxy;
  let binary = '';
  before(async () => {
    const found = await findGoProgram('h2spec');
    if ('reason' in found) throw new Error(found.reason);
    ({ binary } = found);
    ca = new CertificateAuthority();
    proxy = await startWeft({ bootstrap: bootstrap(ca, await freePort()) });
  });
  after(async () => {
    await proxy?.stop();
    ca?.remove();
  });

  for (const name of ['h2c, direct response', 'TLS, direct response', 'h2c, proxied', 'TLS, proxied'])
    it(`finds no fault over ${name}`, async () => {
      const verdict = await runH2spec(binary, { port: proxy.port(name), tls: name.startsWith('TLS') });
      const faults = verdict.failed.filter((title) => !TAKEN_BACK.test(title));
      assert.deepEqual(faults, []);
      assert.equal(verdict.skipped, 0);
      assert.equal(verdict.passed + verdict.failed.length, CASES);
    });
});
