// Writes schemas/*.json from the CustomResourceDefinitions of Istio, the Gateway API and Linkerd:
//   node tools/extract-schemas.mjs ISTIO_API GATEWAY_API LINKERD_CRD
// ISTIO_API and GATEWAY_API are unpacked Go modules (istio.io/api, sigs.k8s.io/gateway-api), LINKERD_CRD is the file
// charts/linkerd-crds/templates/serviceprofile.yaml of linkerd/linkerd2. Only the schema is kept: no descriptions, no status.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const [istioApi, gatewayApi, linkerdCrd] = process.argv.slice(2);
if (linkerdCrd === undefined) {
  process.stderr.write('usage: extract-schemas.mjs ISTIO_API GATEWAY_API LINKERD_CRD\n');
  process.exit(2);
}
const out = join(dirname(dirname(fileURLToPath(import.meta.url))), 'schemas');

const KEPT = [
  ...['type', 'format', 'enum', 'pattern', 'default', 'nullable', 'required', 'minimum', 'maximum', 'exclusiveMinimum'],
  ...['exclusiveMaximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'],
  ...['multipleOf', 'uniqueItems'],
];
const RENAMED = {
  'x-kubernetes-int-or-string': 'intOrString',
  'x-kubernetes-preserve-unknown-fields': 'preserveUnknown',
  'x-kubernetes-list-type': 'listType',
  'x-kubernetes-list-map-keys': 'listKeys',
};

function compact(schema) {
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = {};
  for (const key of KEPT) if (schema[key] !== undefined) kept[key] = schema[key];
  for (const [key, name] of Object.entries(RENAMED)) if (schema[key] !== undefined) kept[name] = schema[key];
  if (schema.properties) kept.properties = mapValues(schema.properties, compact);
  if (schema.additionalProperties) kept.additionalProperties = compact(schema.additionalProperties);
  if (schema.items) kept.items = compact(schema.items);
  if (schema.not) kept.not = compact(schema.not);
  for (const key of ['oneOf', 'anyOf', 'allOf']) if (schema[key]) kept[key] = schema[key].map(compact);
  const rules = schema['x-kubernetes-validations'];
  if (rules) kept.rules = rules.map(({ rule, message, messageExpression }) => ({ rule, message, messageExpression }));
  return kept;
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}

/** Marks the fields that the standard channel does not have. */
function markExperimental(schema, standard) {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const same = standard.properties?.[name];
    if (same === undefined) field.experimental = true;
    else markExperimental(field, same);
  }
  if (schema.items && standard.items) markExperimental(schema.items, standard.items);
}

function documents(file) {
  const text = readFileSync(file, 'utf8').replaceAll(/\{\{.*?\}\}/g, 'x: x');
  return parseAllDocuments(text).map((document) => document.toJS({ maxAliasCount: -1 }));
}

function kindOf(crd, standard) {
  const { group, names, scope, versions } = crd.spec;
  const served = versions.filter((version) => version.served);
  const schemas = {};
  for (const { name, schema } of served) {
    const spec = compact(schema.openAPIV3Schema.properties.spec);
    const stable = standard?.spec.versions.find((version) => version.name === name);
    if (standard !== undefined && stable !== undefined)
      markExperimental(spec, compact(stable.schema.openAPIV3Schema.properties.spec));
    if ((schema.openAPIV3Schema.required ?? []).includes('spec')) spec.specRequired = true;
    const twin = Object.entries(schemas).find(([, other]) => JSON.stringify(other) === JSON.stringify(spec));
    schemas[name] = twin === undefined ? spec : twin[0];
  }
  return { group, kind: names.kind, plural: names.plural, shortNames: names.shortNames ?? [], scope, schemas };
}

function write(name, origin, kinds) {
  writeFileSync(join(out, `${name}.json`), `${JSON.stringify({ origin, licence: 'Apache-2.0', kinds })}\n`);
  process.stdout.write(`${name}: ${kinds.map(({ kind }) => kind).join(', ')}\n`);
}

const istioKinds = {
  'networking.istio.io': [
    ...['ServiceEntry', 'WorkloadEntry', 'WorkloadGroup', 'VirtualService', 'DestinationRule', 'Gateway', 'Sidecar'],
  ],
  'security.istio.io': ['PeerAuthentication', 'AuthorizationPolicy'],
};
const istio = documents(join(istioApi, 'kubernetes/customresourcedefinitions.gen.yaml')).filter((crd) =>
  istioKinds[crd?.spec?.group]?.includes(crd.spec.names.kind),
);
write(
  'istio',
  'istio.io/api v1.31.1, kubernetes/customresourcedefinitions.gen.yaml',
  istio.map((crd) => kindOf(crd)),
);

const gatewayPlurals = ['httproutes', 'grpcroutes', 'gateways', 'gatewayclasses', 'referencegrants'];
const gateway = gatewayPlurals.map((plural) => {
  const [experimental, standard] = ['experimental', 'standard'].map((channel) => {
    const file = join(gatewayApi, 'config/crd', channel, `gateway.networking.k8s.io_${plural}.yaml`);
    return documents(file).find((crd) => crd?.kind === 'CustomResourceDefinition');
  });
  return kindOf(experimental, standard);
});
write('gateway-api', 'sigs.k8s.io/gateway-api v1.7.0, config/crd, experimental channel', gateway);

const [serviceProfile] = documents(linkerdCrd).filter((crd) => crd?.spec?.names?.kind === 'ServiceProfile');
write(
  'linkerd',
  'linkerd/linkerd2 at b24cd4059841f8cee2fb7a9c2ac23a693c583579, charts/linkerd-crds/templates/serviceprofile.yaml',
  [kindOf(serviceProfile)],
);
