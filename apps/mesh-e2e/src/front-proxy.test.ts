// examples/front-proxy as local processes: its configurations as they are, but for addresses and ports.
import { join } from 'node:path';
import { after } from 'node:test';
import { freePorts, startProcess, WORKSPACE, type RunningProcess } from '@weft/testing-harness';
import { frontProxyTests, scaledFrontProxyTests } from './front-proxy.ts';

const [front = 0, admin = 0, scaledFront = 0, scaledAdmin = 0] = await freePorts(4);

function start(port: number, adminPort: number, servicePort: number, instances: number): Promise<RunningProcess> {
  const flags = { port, 'admin-port': adminPort, 'service-port': servicePort, service1: instances };
  return startProcess({
    command: process.execPath,
    args: [
      join(WORKSPACE, 'examples/front-proxy/run.mjs'),
      ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    ],
    env: { NODE_TEST_CONTEXT: '' },
    ready: /^ready: /m,
  });
}

// Addresses of the loopback that nothing else uses: the ports only have to differ between the two worlds.
const worlds = await Promise.all([start(front, admin, 10_080, 1), start(scaledFront, scaledAdmin, 10_090, 3)]);
after(() => Promise.all(worlds.map((world) => world.stop())));

scaledFrontProxyTests({ front: scaledFront, admin: scaledAdmin }, false);
frontProxyTests({ front, admin }, false);
