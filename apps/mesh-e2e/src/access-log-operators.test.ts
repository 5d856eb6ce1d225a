// Every operator of access logs, in Weft and in a real Envoy that runs the same bootstrap: what is told has to be the same.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { besideEnvoy, CertificateAuthority, freePort, type RunningProxy } from '@weft/testing-harness';
import { bootstrap, EXCHANGES, jsonLog, OPERATORS, startWorld } from './access-log-operators.ts';

type Line = Readonly<Record<string, unknown>>;

/** What Weft tells otherwise, by exchange and operator, and why. */
const OTHERWISE: readonly (readonly [exchange: RegExp, operator: RegExp])[] = [
  // The two prefer other ciphers among those that both sides have.
  [/TLS/, /^DOWNSTREAM_TLS_CIPHER$/],
  // `connection: close` is written by the codec, behind the head's back.
  [/./, /^RESPONSE_HEADERS_BYTES$/],
  // How much is indexed or encoded is for each encoder to choose.
  [/gRPC/, /^(UP|DOWN)STREAM_(WIRE|HEADER)_BYTES_SENT$/],
  // What the connection carried before is not sent in full again.
  [/large gRPC/, /^UPSTREAM_(WIRE|HEADER)_BYTES_RECEIVED$/],
  // Envoy adds the heads of earlier attempts twice.
  [/tried three times/, /^UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED$/],
  // Nobody waits in a pool for connections of plain bytes.
  [/^bytes/, /^UPSTREAM_CONNECTION_POOL_READY_DURATION$/],
];

/** Without what differs from run to run: how long things took, ports, ids, and certificates made just now. */
function normal(operator: string, value: unknown): unknown {
  if (typeof value === 'number') return /DURATION|PORT$|CONNECTION_ID/.test(operator) ? 'a number' : value;
  if (typeof value !== 'string') return value;
  if (operator === 'UPSTREAM_CONNECTION_IDS_ATTEMPTED') return value.replace(/\d+/g, '*');
  return value
    .replace(/(127\.0\.0\.1|localhost):\d+/g, '$1:*')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'uuid')
    .replace(/[0-9a-f]{40,64}/g, 'hash');
}

const scratch = mkdtempSync(join(tmpdir(), 'weft-operators-'));
after(() => rmSync(scratch, { recursive: true }));

async function linesOf(start: (bootstrap: object) => Promise<RunningProxy>, name: string): Promise<readonly Line[]> {
  const authority = new CertificateAuthority();
  const world = await startWorld(authority, await freePort());
  const log = join(scratch, `${name}.log`);
  const lines = jsonLog(log, OPERATORS);
  const proxy = await start(bootstrap(world, { http: lines, tcp: lines }));
  for (const play of Object.values(EXCHANGES)) await play(world, proxy);
  await proxy.stop();
  await world.stop();
  authority.remove();
  const text = await readFile(log, 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

const { ours, theirs } = await besideEnvoy(linesOf);
describe('Weft logs what Envoy logs, operator by operator:', () => {
  Object.keys(EXCHANGES).forEach((exchange, i) => {
    test(exchange, () => {
      for (const operator of OPERATORS) {
        if (OTHERWISE.some(([where, what]) => where.test(exchange) && what.test(operator))) continue;
        const [our, their] = [ours[i]?.[operator], theirs[i]?.[operator]];
        assert.deepEqual(normal(operator, our), normal(operator, their), operator);
      }
    });
  });
});
