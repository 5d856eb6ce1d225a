// examples/traffic-split as local processes: its configurations as they are, but for addresses and ports.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { freePorts, startProcess, startSource, WORKSPACE, type RunningProcess } from '@weft/testing-harness';
import { trafficSplitTests } from './traffic-split.ts';

const EXAMPLE = join(WORKSPACE, 'examples/traffic-split');
const scratch = mkdtempSync(join(tmpdir(), 'weft-traffic-split-'));
const [proxy = 0, proxyAdmin = 0, split = 0, splitAdmin = 0] = await freePorts(4);

const origin = await startProcess({
  command: process.execPath,
  args: [join(EXAMPLE, 'origin/origin.mjs')],
  env: { HOST: '127.0.0.1', PORT: '0', NODE_TEST_CONTEXT: '' },
  ready: /origin on port (\d+)/,
});
const [, originPort = ''] = /origin on port (\d+)/.exec(origin.output) ?? [];

async function startExample(file: string, port: number, admin: number): Promise<RunningProcess> {
  const config = readFileSync(join(EXAMPLE, file), 'utf8')
    .replaceAll('address: baidu.com, port_value: 443', `address: 127.0.0.1, port_value: ${originPort}`)
    .replaceAll('address: baidu2.com', 'address: baidu2.invalid')
    .replaceAll('port_value: 8080', `port_value: ${port}`)
    .replaceAll('port_value: 9901', `port_value: ${admin}`)
    .replaceAll('/tmp/admin_access.log', join(scratch, `${file}.access.log`));
  const path = join(scratch, file);
  writeFileSync(path, config);
  return startSource({ main: 'apps/proxy/src/main.ts', args: ['-c', path], ready: /starting main dispatch loop/ });
}

const proxies = await Promise.all([
  startExample('baidu-envoy.yaml', proxy, proxyAdmin),
  startExample('baidu-envoy-split.yaml', split, splitAdmin),
]);
after(async () => {
  await Promise.all([...proxies, origin].map((each) => each.stop()));
  rmSync(scratch, { recursive: true });
});

trafficSplitTests({ proxy, proxyAdmin, split, splitAdmin }, false);
