import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { weft, type Answer, type CliResult } from './world.testing.ts';

const NOW = '2026-01-02T03:04:05.000Z';
const IDENTITY = 'spiffe://cluster.local/ns/default/sa/web';
const ROOT = { id: 'aa', phase: 'signing', given: false, notAfter: '2036-01-01T00:00:00.000Z' };

/** A mesh in which nothing is wrong. */
const GOOD = {
  '/debug/info': { name: 'weft-control-plane', version: '0.1.0', documentsRead: true },
  '/debug/syncz': [
    { name: 'web-1.default', version: 'weft 0.1.0', types: { CDS: { status: 'SYNCED' } }, withheld: [] },
  ],
  '/v1/workloads': {
    workloads: [{ namespace: 'default', name: 'web-1', serviceAccount: 'web', healthy: true }],
    expired: [],
  },
  '/debug/caz': {
    now: NOW,
    trustDomain: 'cluster.local',
    roots: [ROOT],
    signer: { notAfter: ROOT.notAfter, intermediates: 0 },
    expiring: [],
    leaves: [{ identity: IDENTITY, issued: '2026-01-02T00:00:00.000Z', notAfter: '2026-01-03T00:00:00.000Z' }],
  },
  '/debug/analysis': [],
  '/debug/status': [],
};

function answering(pages: Readonly<Record<string, unknown>>): Answer {
  return ({ url }) => {
    const page = pages[new URL(url).pathname];
    return page === undefined
      ? { status: 404, body: '{"error":"this control plane gives out no certificates"}' }
      : { status: 200, body: JSON.stringify(page) };
  };
}

const check = (pages: Readonly<Record<string, unknown>>): Promise<CliResult> =>
  weft('check', answering({ ...GOOD, ...pages }));

/** The lines that are not √, with what is said of them. */
const faults = ({ stdout }: CliResult): string[] =>
  stdout.split('\n').filter((line) => /^([‼×]| {4}(?!see))/.test(line));

describe('weft check', () => {
  it('ends with 0 where nothing is wrong', async () => {
    const good = await check({});
    assert.deepEqual([good.exitCode, faults(good), good.stderr], [0, [], '']);
    assert.match(good.stdout, /\n\nStatus check results are √\n$/);
  });

  it('ends with 3 where nobody answers, and says what to do', async () => {
    const nobody = await weft('check', () => {
      throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    });
    assert.equal(nobody.exitCode, 3);
    assert.match(nobody.stdout, /^control-plane\n-+\n× the control plane can be asked at http:\/\/127\.0\.0\.1:8080\n {4}cannot reach [^]*connection refused\n {4}see: is the control plane running\?/); // prettier-ignore
  });

  it('warns of roots and of an intermediate that expire within 30 days, and fails when they have expired', async () => {
    const authority = (notAfter: string, intermediates = 0) => ({
      '/debug/caz': { ...GOOD['/debug/caz'], roots: [{ ...ROOT, notAfter }], signer: { notAfter, intermediates } },
    });
    const soon = await check(authority('2026-01-31T00:00:00.000Z', 1));
    assert.deepEqual(
      [soon.exitCode, ...faults(soon)],
      [
        0,
        '‼ the roots are valid for at least 30 days',
        '    aa expires at 2026-01-31T00:00:00.000Z',
        '‼ the intermediate is valid for at least 30 days',
        '    it expires at 2026-01-31T00:00:00.000Z',
      ],
    );
    const gone = await check(authority('2026-01-02T00:00:00.000Z'));
    assert.deepEqual(
      [gone.exitCode, ...faults(gone)],
      [1, '× the roots are within their validity', '    aa expired at 2026-01-02T00:00:00.000Z'],
    );
    assert.match(gone.stdout, /weft ca rotate begins an exchange/);
  });

  it('tells workloads that do not renew, and those that are not there', async () => {
    const leaf = (notAfter: string) => ({
      '/debug/caz': {
        ...GOOD['/debug/caz'],
        leaves: [{ identity: IDENTITY, issued: '2026-01-01T03:00:00.000Z', notAfter }],
      },
    });
    assert.deepEqual(faults(await check(leaf('2026-01-02T12:00:00.000Z'))), [
      '‼ every workload has renewed its certificate at half of its life',
      `    ${IDENTITY} of 2026-01-01T03:00:00.000Z until 2026-01-02T12:00:00.000Z`,
    ]);
    assert.equal((await check(leaf('2026-01-02T03:00:00.000Z'))).exitCode, 1);
    const lost = await check({ '/debug/syncz': [] });
    assert.deepEqual(faults(lost), ['× every workload that registered has its proxy connected', '    web-1.default']);
    const expired = await check({
      '/v1/workloads': { ...GOOD['/v1/workloads'], expired: [{ namespace: 'a', name: 'b', atMs: Date.parse(NOW) }] },
    });
    assert.deepEqual(
      [expired.exitCode, ...faults(expired)],
      [0, '‼ no registration has expired in the last hour', `    b.a at ${NOW}`],
    );
  });

  it('tells what of a policy nobody sees', async () => {
    const note = { kind: 'warning', message: 'nobody sees paths at port 8000 of web.default (not said to be HTTP): …' };
    const row = (kind: string) => ({ kind, namespace: 'default', name: 'a', place: 'mesh.yaml:3', notes: [note] });
    const told = await check({ '/debug/status': [row('AuthorizationPolicy'), row('VirtualService')] });
    assert.deepEqual(
      [told.exitCode, ...faults(told)],
      [
        0,
        '‼ every policy holds as it is written, for the proxies that there are',
        `    AuthorizationPolicy default/a (mesh.yaml:3) ${note.message}`,
      ],
    );
  });

  it('tells proxies of another version', async () => {
    const proxy = (version: string) => ({ '/debug/syncz': [{ ...GOOD['/debug/syncz'][0], version }] });
    assert.deepEqual(faults(await check(proxy('envoy 1.40.2'))), []);
    for (const version of ['envoy 1.33.0', 'weft 0.0.9'])
      assert.match(faults(await check(proxy(version))).join(), new RegExp(`^‼ .*,    web-1\\.default is ${version}$`));
  });

  it('works with a control plane that gives out no certificates', async () => {
    const { '/debug/caz': _, ...others } = GOOD;
    const plain = await weft('check', answering(others));
    assert.deepEqual([plain.exitCode, faults(plain)], [0, []]);
    assert.doesNotMatch(plain.stdout, /certificates/);
  });
});
