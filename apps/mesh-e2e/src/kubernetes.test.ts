import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { DATA_SETS } from '@weft/demo-data';
import { findKustomize, kubernetesFaults, startSource, WORKSPACE, type KubernetesSchemas } from '@weft/testing-harness';
import { parse, parseAllDocuments } from 'yaml';

const SCHEMA_FILE = 'kubernetes-v1.37.0.json';
const SCHEMAS_FOLDER = join(import.meta.dirname, '../schemas');
const KUBERNETES = join(WORKSPACE, 'kubernetes');
const OVERLAYS = ['retries', 'split', 'canary', 'tracing', 'flaky', 'healed'];

interface Port {
  readonly name?: string;
  readonly port?: number;
  readonly containerPort?: number;
  readonly targetPort?: string;
  readonly nodePort?: number;
}
interface Container {
  readonly name: string;
  readonly image: string;
  readonly restartPolicy?: string;
  readonly ports?: readonly Port[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly startupProbe?: { readonly httpGet?: { readonly path: string } };
  readonly resources?: { readonly requests?: object; readonly limits?: object };
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly volumeMounts?: readonly { readonly name: string }[];
}
interface PodSpec {
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumes?: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
}
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: PodSpec;
    };
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly Port[];
    readonly ingressClassName?: string;
  };
}

const found = await findKustomize();
const skip = typeof found === 'string' ? found : false;
const rendered = new Map<string, readonly Manifest[]>();

/** The objects that `kubectl apply -k kubernetes/<folder>` sends. */
async function render(folder: string): Promise<readonly Manifest[]> {
  const known = rendered.get(folder);
  if (known !== undefined) return known;
  assert.ok(typeof found !== 'string');
  const text = await found(join(KUBERNETES, folder));
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  rendered.set(folder, objects);
  return objects;
}

const ofKind = (objects: readonly Manifest[], kind: string): readonly Manifest[] =>
  objects.filter((object) => object.kind === kind);

function named(objects: readonly Manifest[], kind: string, name: string): Manifest {
  const object = ofKind(objects, kind).find(({ metadata }) => metadata.name === name);
  assert.ok(object !== undefined, `${kind} ${name}`);
  return object;
}

suite('every kustomization', () => {
  const schemaText = readFileSync(join(SCHEMAS_FOLDER, SCHEMA_FILE), 'utf8');
  const schemas = JSON.parse(schemaText) as KubernetesSchemas;

  test('is checked by the very schema that was extracted', () => {
    const [sum] = readFileSync(join(SCHEMAS_FOLDER, 'SHA256SUMS'), 'utf8').split(' ');
    assert.equal(createHash('sha256').update(schemaText).digest('hex'), sum);
  });

  for (const folder of ['demo', ...OVERLAYS.map((overlay) => `overlays/${overlay}`)]) {
    test(`kubernetes/${folder} fits the OpenAPI schema of Kubernetes ${schemas.version}`, { skip }, async () => {
      const objects = await render(folder);
      const faults = objects.flatMap((object) =>
        kubernetesFaults(schemas, object).map((fault) => `${object.metadata.name}: ${fault}`),
      );
      assert.deepEqual(faults, []);
      assert.ok(objects.length >= 20);
    });
  }

  test('the check finds a field that does not exist', { skip }, async () => {
    const [deployment] = ofKind(await render('demo'), 'Deployment');
    const { spec } = deployment as Manifest;
    assert.deepEqual(kubernetesFaults(schemas, { ...deployment, spec: { ...spec, replica: 2 } }), [
      'apps/v1 Deployment.spec.replica: no such field',
    ]);
  });

  test('there is no file without a folder that uses it, no key in it, and all is UTF-8', () => {
    for (const file of globSync('**/*', { cwd: KUBERNETES }).filter((name) => /\.\w+$/.test(name))) {
      const text = new TextDecoder('utf8', { fatal: true }).decode(readFileSync(join(KUBERNETES, file)));
      assert.doesNotMatch(text, /PRIVATE KEY|\0/, file);
      if (file.endsWith('kustomization.yaml') || file === 'kind.yaml') continue;
      const users = globSync('**/kustomization.yaml', { cwd: KUBERNETES });
      const name = file.split('/').at(-1) as string;
      assert.ok(
        users.some((user) => readFileSync(join(KUBERNETES, user), 'utf8').includes(name)),
        file,
      );
    }
  });
});

suite('the demo on Kubernetes', () => {
  const WRAPPED = ['playlists-api', 'playlists-db', 'videos-api', 'videos-db', 'videos-web', 'videos-web-v2'];

  test('wraps every service with a native sidecar that has started before it', { skip }, async () => {
    for (const name of WRAPPED) {
      const { spec } = named(await render('demo'), 'Deployment', name).spec.template;
      const [sidecar] = spec.initContainers ?? [];
      assert.equal(sidecar?.restartPolicy, 'Always', name);
      assert.equal(sidecar?.startupProbe?.httpGet?.path, '/ready', name);
      assert.equal(spec.containers.length, 1);
    }
  });

  test('runs nothing as root, with more rights than it needs, or without bounds', { skip }, async () => {
    for (const { metadata, spec } of ofKind(await render('demo'), 'Deployment')) {
      const pod = spec.template.spec;
      assert.equal(pod.securityContext['runAsNonRoot'], true, metadata.name);
      assert.deepEqual(pod.securityContext['seccompProfile'], { type: 'RuntimeDefault' });
      for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
        assert.deepEqual(container.securityContext, {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        assert.ok(container.resources?.requests !== undefined && container.resources.limits !== undefined);
      }
    }
  });

  test('has the Services that the applications know, and each leads to a port of its pods', { skip }, async () => {
    const objects = await render('demo');
    const shape = Object.fromEntries(
      ofKind(objects, 'Service').map(({ metadata, spec }) => [
        metadata.name,
        spec.ports.map(({ name = '', port }) => `${name} ${port}`).join(),
      ]),
    );
    assert.deepEqual(shape, {
      gateway: 'http 80',
      'playlists-api': 'http 80',
      'playlists-db': ' 6379',
      'videos-api': 'http 10010',
      'videos-db': ' 6379',
      'videos-web': 'http 80',
      'videos-web-v2': 'http 80',
    });
    for (const { metadata, spec } of ofKind(objects, 'Service')) {
      const pods = ofKind(objects, 'Deployment').filter(
        (deployment) => deployment.spec.template.metadata.labels['app'] === spec.selector['app'],
      );
      assert.equal(pods.length, 1, metadata.name);
      const { initContainers = [], containers } = (pods[0] as Manifest).spec.template.spec;
      const names = [...initContainers, ...containers].flatMap(({ ports = [] }) => ports.map(({ name }) => name));
      for (const { targetPort } of spec.ports) assert.ok(names.includes(targetPort), `${metadata.name} ${targetPort}`);
    }
  });

  test('mounts only ConfigMaps that exist and volumes that are declared', { skip }, async () => {
    for (const folder of ['demo', ...OVERLAYS.map((overlay) => `overlays/${overlay}`)]) {
      const objects = await render(folder);
      for (const { spec } of ofKind(objects, 'Deployment')) {
        const { volumes = [], initContainers = [], containers } = spec.template.spec;
        for (const { configMap } of volumes) if (configMap) named(objects, 'ConfigMap', configMap.name);
        for (const { volumeMounts = [] } of [...initContainers, ...containers]) {
          for (const { name } of volumeMounts)
            assert.ok(
              volumes.some((volume) => volume.name === name),
              name,
            );
        }
      }
    }
  });

  test('seeds Redis with the commands that write the data sets', { skip }, async () => {
    for (const [database, set] of [
      ['playlists-db', DATA_SETS.playlists],
      ['videos-db', DATA_SETS.videos],
    ] as const) {
      const maps = ofKind(await render('demo'), 'ConfigMap');
      const { data = {} } = maps.find(({ metadata }) => metadata.name.startsWith(database)) as Manifest;
      const commands = [...set].map(([key, value]) => `SET ${JSON.stringify(key)} ${JSON.stringify(value)}\n`);
      assert.equal(data['commands'], commands.join(''), 'run tools/kubernetes/write-seeds.mjs');
    }
  });

  test('is reached through an Ingress of the current version and through its own gateway', { skip }, async () => {
    const objects = await render('demo');
    const ingress = named(objects, 'Ingress', 'video-catalog');
    assert.equal(ingress.apiVersion, 'networking.k8s.io/v1');
    assert.equal(ingress.spec.ingressClassName, 'nginx');
    const kind = parse(readFileSync(join(KUBERNETES, 'kind.yaml'), 'utf8')) as {
      nodes: { extraPortMappings: { containerPort: number }[] }[];
    };
    const mapped = kind.nodes.flatMap((node) => node.extraPortMappings.map(({ containerPort }) => containerPort));
    assert.deepEqual(
      named(objects, 'Service', 'gateway').spec.ports.map(({ nodePort }) => nodePort),
      mapped,
    );
  });
});

suite('the configuration of the proxies', () => {
  test('every bootstrap in a ConfigMap is one that Weft accepts', { skip }, async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'weft-bootstraps-'));
    try {
      for (const { metadata, data = {} } of ofKind(await render('demo'), 'ConfigMap')) {
        const bootstrap = data['envoy.yaml'];
        if (bootstrap === undefined) continue;
        const file = join(scratch, `${metadata.name}.yaml`);
        writeFileSync(file, bootstrap);
        const args = ['--mode', 'validate', '-c', file];
        const proxy = await startSource({ main: 'apps/proxy/src/main.ts', args, ready: /OK\n/ });
        assert.deepEqual(await proxy.exited, { code: 0, signal: null }, proxy.output);
      }
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });

  const SAME_ROUTES = {
    'demo/routes/gateway.yaml': 'gateway-plain.yaml',
    'demo/routes/playlists-api.yaml': 'videos-api-retries-off.yaml',
    'components/retries/playlists-api.yaml': 'videos-api-retries-on.yaml',
    'components/split/gateway.yaml': 'gateway-split.yaml',
    'components/canary/gateway.yaml': 'gateway-canary.yaml',
  };
  for (const [here, there] of Object.entries(SAME_ROUTES)) {
    test(`the routes of ${here} are those of the compose form`, () => {
      const routes = (...place: string[]): unknown => parse(readFileSync(join(WORKSPACE, ...place), 'utf8'));
      assert.deepEqual(routes('kubernetes', here), routes('docker/envoy/routes', there));
    });
  }
});

suite('an overlay changes what it is for and nothing else', () => {
  /** The names of the objects that an overlay changes or adds. */
  async function changed(overlay: string): Promise<string[]> {
    const before = new Map((await render('demo')).map((object) => [`${object.kind} ${object.metadata.name}`, object]));
    const after = (await render(`overlays/${overlay}`)).map(
      (object) => [`${object.kind} ${object.metadata.name}`, object] as const,
    );
    return after
      .filter(([name, object]) => JSON.stringify(object) !== JSON.stringify(before.get(name)))
      .map(([name]) => name);
  }

  const EXPECTED = {
    retries: ['ConfigMap playlists-api-routes'],
    split: ['ConfigMap gateway-routes'],
    canary: ['ConfigMap gateway-routes'],
    flaky: ['Deployment videos-api'],
    healed: ['ConfigMap playlists-api-routes', 'Deployment videos-api'],
    tracing: ['Service zipkin', 'Deployment zipkin'],
  };
  for (const [overlay, names] of Object.entries(EXPECTED)) {
    test(`${overlay}: ${names.join(' and ')}`, { skip }, async () => {
      assert.deepEqual((await changed(overlay)).sort(), [...names].sort());
    });
  }

  test('flaky switches FLAKY on', { skip }, async () => {
    const { spec } = named(await render('overlays/flaky'), 'Deployment', 'videos-api').spec.template;
    assert.deepEqual(
      spec.containers[0]?.env?.filter(({ name }) => name === 'FLAKY'),
      [{ name: 'FLAKY', value: 'true' }],
    );
  });
});
