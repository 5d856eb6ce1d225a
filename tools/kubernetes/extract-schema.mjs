// Extracts what the manifests' tests need of Kubernetes' OpenAPI description into apps/mesh-e2e/schemas:
//   node tools/kubernetes/extract-schema.mjs [VERSION]
// The source is the published Go module k8s.io/kubernetes; needs `go` on the path. Descriptions and defaults are left out.
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/paths.mjs';

const KINDS = {
  api__v1: ['ConfigMap', 'Namespace', 'PersistentVolumeClaim', 'Pod', 'Secret', 'Service', 'ServiceAccount'],
  apis__apps__v1: ['DaemonSet', 'Deployment', 'StatefulSet'],
  apis__batch__v1: ['CronJob', 'Job'],
  'apis__networking.k8s.io__v1': ['Ingress', 'IngressClass', 'NetworkPolicy'],
  apis__policy__v1: ['PodDisruptionBudget'],
  'apis__rbac.authorization.k8s.io__v1': ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
};

const version = process.argv[2] ?? 'v1.37.0';
const module = `k8s.io/kubernetes@${version}`;
const download = JSON.parse(execFileSync('go', ['mod', 'download', '-json', module], { encoding: 'utf8', cwd: '/' }));
const target = join(root, 'apps/mesh-e2e/schemas');

const schemas = {};
const kinds = {};

function keep(all, name) {
  if (Object.hasOwn(schemas, name)) return;
  schemas[name] = {};
  schemas[name] = strip(all, all[name]);
}

/** A copy of a schema without prose; the schemas it refers to are kept too, under their own names. */
function strip(all, schema) {
  if (Array.isArray(schema)) return schema.map((each) => strip(all, each));
  if (schema === null || typeof schema !== 'object') return schema;
  const copy = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === '$ref') {
      copy.$ref = value.slice(value.lastIndexOf('/') + 1);
      keep(all, copy.$ref);
    } else if (key === 'properties') {
      copy.properties = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, strip(all, each)]));
    } else if (
      !/^(description|default|x-kubernetes-(group-version-kind|patch-.*|list-.*|map-type|unions))$/.test(key)
    ) {
      copy[key] = strip(all, value);
    }
  }
  // A reference with a default is written as an allOf of one.
  return copy.allOf?.length === 1 && Object.keys(copy).length === 1 ? copy.allOf[0] : copy;
}

for (const [file, names] of Object.entries(KINDS)) {
  const text = readFileSync(join(download.Dir, 'api/openapi-spec/v3', `${file}_openapi.json`), 'utf8');
  const all = JSON.parse(text).components.schemas;
  for (const [name, schema] of Object.entries(all)) {
    for (const { group, version: apiVersion, kind } of schema['x-kubernetes-group-version-kind'] ?? []) {
      if (!names.includes(kind) || !name.endsWith(`.${kind}`)) continue;
      kinds[`${group === '' ? '' : `${group}/`}${apiVersion} ${kind}`] = name;
      keep(all, name);
    }
  }
}

mkdirSync(target, { recursive: true });
for (const old of readdirSync(target)) rmSync(join(target, old));
const file = `kubernetes-${version}.json`;
const text = `${JSON.stringify({ version, kinds, schemas })}\n`;
writeFileSync(join(target, file), text);
copyFileSync(join(download.Dir, 'LICENSE'), join(target, 'LICENSE'));
writeFileSync(join(target, 'SHA256SUMS'), `${createHash('sha256').update(text).digest('hex')}  ${file}\n`);
writeFileSync(
  join(target, 'ORIGIN'),
  `${file}: schemas of api/openapi-spec/v3 in the Go module ${module} (${download.Sum}), Apache-2.0 (LICENSE), without\n` +
    `their prose. Made by: node tools/kubernetes/extract-schema.mjs ${version}\n`,
);
process.stdout.write(
  `${file}: ${Object.keys(kinds).length} kinds, ${Object.keys(schemas).length} schemas, ${text.length} bytes\n`,
);
