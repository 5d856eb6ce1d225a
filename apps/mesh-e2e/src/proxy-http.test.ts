// Weft and a real Envoy run one bootstrap and get the same bytes: what clients see, what the upstream sees, and what the
// access log says has to be the same.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  envoyProgram,
  freePort,
  ScriptedUpstream,
  startEnvoy,
  startWeft,
  type RunningProxy,
} from '@weft/testing-harness';
import { CASES } from './proxy-case-table.ts';
import { bootstrap, normal, play, script } from './proxy-cases.ts';

/** What an upgrade adds to a head comes at its end from Weft, and where it stood from Envoy. */
function upgradeFieldsLast(text: string): string {
  const [head = '', ...rest] = text.split('\n\n');
  if (!/^upgrade:/m.test(head)) return text;
  const isUpgrade = (line: string): boolean => /^(connection|upgrade):/i.test(line);
  const lines = head.split('\n');
  const last = lines
    .filter(isUpgrade)
    .map((line) => line.toLowerCase())
    .sort();
  return [[...lines.filter((line) => !isUpgrade(line)), ...last].join('\n'), ...rest].join('\n\n');
}

/** What one proxy made of the cases. */
interface Outcome {
  readonly seenByClient: readonly string[];
  readonly seenByUpstream: readonly string[];
  readonly log: readonly string[];
}

/** What Weft does otherwise, and why: by case, the part that is not compared. */
const OTHERWISE: Readonly<Record<string, 'log' | 'client'>> = {
  // The route's cluster is not named for a request that never went there.
  'an upgrade that is not configured': 'log',
  // Fields that an answer's Connection names are of that hop (RFC 9110 section 7.6.1): they end there.
  'hop-by-hop and repeated fields': 'client',
  'fields added and removed by the route': 'client',
  // What was read of a head that is refused is not kept for the log.
  'no host': 'log',
  'a path with a fragment': 'log',
  // The end of one side of a tunnel is passed on; Envoy takes it for the client’s flight.
  'a WebSocket': 'log',
  // The answer comes from the codec, after the stream ended.
  'a chunk size that is none': 'log',
};
const UNNAMED = /missing_host_header|path_normalization_failed/;

const scratch = mkdtempSync(join(tmpdir(), 'weft-http-'));
after(() => rmSync(scratch, { recursive: true }));
const refused = await freePort();

async function outcome(name: string, start: (bootstrap: object) => Promise<RunningProxy>): Promise<Outcome> {
  const upstream = await ScriptedUpstream.start(script);
  const log = join(scratch, `${name}.log`);
  const proxy = await start(bootstrap(upstream.port, refused, log));
  const seenByClient: string[] = [];
  const seenByUpstream: string[] = [];
  for (const each of CASES) {
    const before = upstream.requests.length;
    const seen = await play(proxy.port('front'), each).catch((error: unknown) => String(error));
    seenByClient.push(upgradeFieldsLast(normal(seen)));
    seenByUpstream.push(
      upstream.requests
        .slice(before)
        .map(({ head, body }) => upgradeFieldsLast(normal(`${head}\n\n${body}`)))
        .join('\n----\n'),
    );
  }
  await proxy.stop();
  await upstream.stop();
  return { seenByClient, seenByUpstream, log: (await readFile(log, 'utf8')).trim().split('\n') };
}

const envoy = await envoyProgram();
const args = ['-l', 'info'];
const [ours, theirs] = await Promise.all([
  outcome('weft', (config) => startWeft({ bootstrap: config, args })),
  outcome('envoy', (config) => startEnvoy(envoy, { bootstrap: config, args })),
]);
describe('Weft does as Envoy does, to the byte:', () => {
  CASES.forEach(({ name }, i) => {
    test(name, () => {
      assert.equal(ours.seenByUpstream[i], theirs.seenByUpstream[i], 'what the upstream saw');
      if (OTHERWISE[name] !== 'client')
        assert.equal(ours.seenByClient[i], theirs.seenByClient[i], 'what the client saw');
      const lines = (all: readonly string[]): string[] => all.filter((line) => line.startsWith(`c${i}.|`));
      if (OTHERWISE[name] !== 'log') assert.deepEqual(lines(ours.log), lines(theirs.log), 'the access log');
    });
  });
  test('requests that could not be read are logged alike', () => {
    const unread = (all: readonly string[]): string[] =>
      all.filter((line) => line.startsWith('-|') && !UNNAMED.test(line));
    assert.deepEqual(unread(ours.log), unread(theirs.log));
  });
});
