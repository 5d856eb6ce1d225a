import {
  cluster,
  connectionManager,
  downstreamTls,
  findGoProgram,
  freePort,
  listener,
  routesOf,
  runH2spec,
  type CertificateAuthority,
} from '@weft/testing-harness';
import type { Check } from '../check.ts';

const ANSWER = { direct_response: { status: 200, body: { inline_string: 'hello' } } };
const VARIANTS = ['h2c, direct response', 'TLS, direct response', 'h2c, proxied', 'TLS, proxied'];

function bootstrap(ca: CertificateAuthority, upstreamPort: number): object {
  const manager = (codec: string, route: object): ReturnType<typeof connectionManager> =>
    connectionManager('h2spec', { codec_type: codec, ...routesOf({ match: { prefix: '/' }, ...route }) });
  const tls = downstreamTls(ca.issue('localhost'), ['h2', 'http/1.1']);
  const listeners = VARIANTS.map((name) => {
    const filter = manager(
      name.startsWith('TLS') ? 'AUTO' : 'HTTP2',
      name.endsWith('proxied') ? { route: { cluster: 'upstream' } } : ANSWER,
    );
    const secure = name.startsWith('TLS') ? { transport_socket: tls } : {};
    return { ...listener(name, filter), filter_chains: [{ filters: [filter], ...secure }] };
  });
  return {
    static_resources: {
      listeners: [listener('upstream', manager('AUTO', ANSWER), upstreamPort), ...listeners],
      clusters: [cluster('upstream', [upstreamPort])],
    },
  };
}

export const h2spec: Check = {
  name: 'h2spec',
  title: 'HTTP/2: h2spec 2.2.1',
  async run(peer, { ca }) {
    const found = await findGoProgram('h2spec');
    if ('reason' in found) throw new Error(found.reason);
    const proxy = await peer.start(bootstrap(ca, await freePort()));
    const rows = new Map<string, string>();
    const faults: string[] = [];
    try {
      for (const name of VARIANTS) {
        const verdict = await runH2spec(found.binary, { port: proxy.port(name), tls: name.startsWith('TLS') });
        rows.set(name, `${verdict.passed} of ${verdict.passed + verdict.failed.length + verdict.skipped}`);
        faults.push(...verdict.failed.map((title) => `${name}: ${title}`));
      }
    } finally {
      await proxy.stop();
    }
    return { rows, faults };
  },
};
