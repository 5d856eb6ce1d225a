// Writes schemas/mesh.json from Istio's MeshConfig: `node tools/extract-mesh-config.mjs DIR`, DIR with config.proto and
// proxy.proto of istio.io/api/mesh/v1alpha1. Messages of other packages are let through: fields that have one are refused whole
// until something reads them.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const lib = dirname(dirname(fileURLToPath(import.meta.url)));
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: extract-mesh-config.mjs DIR');

const DURATION = { type: 'string', pattern: '^([0-9]+(\\.[0-9]+)?(h|m|s|ms))+$' };
const SCALARS = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  double: { type: 'number' },
  int32: { type: 'integer', format: 'int32' },
  uint32: { type: 'integer', minimum: 0, maximum: 4294967295 },
  'google.protobuf.Duration': DURATION,
  'google.protobuf.BoolValue': { type: 'boolean' },
  'google.protobuf.Int32Value': { type: 'integer', format: 'int32' },
  'google.protobuf.Int64Value': { type: 'integer' },
};
const OPEN = { type: 'object', preserveUnknown: true };
/** What is refused whole is let through here, too: nobody reads what is in it. */
const UNREAD =
  /(Stackdriver|OpenCensus|OpenTelemetry|SkyWalking|Lightstep|Datadog|ProxyHeaders|ConnectionSettings|KeyProvider|Visibility)/;

/** The messages and enums of a file by their full names, each with what stands between its braces. */
function declarations(text, types) {
  const tokens = text.replaceAll(/\/\/.*$|\/\*[^]*?\*\//gm, '').match(/"[^"]*"|[\w.]+|[^\s\w]/g) ?? [];
  const around = [];
  let line = [];
  for (const token of tokens) {
    if (token === '{') {
      const [kind, name] = line;
      const scope = [...around].reverse().find(({ type }) => type !== undefined)?.type.name;
      const type =
        kind === 'message' || kind === 'enum'
          ? { kind, name: scope === undefined ? name : `${scope}.${name}`, fields: [], values: [] }
          : undefined;
      if (type !== undefined) types.set(type.name, type);
      around.push({ type });
      line = [];
    } else if (token === '}') {
      around.pop();
      line = [];
    } else if (token === ';') {
      const type = [...around].reverse().find((one) => one.type !== undefined)?.type;
      if (type !== undefined && !/^(reserved|option)$/.test(line[0])) addTo(type, line);
      line = [];
    } else line.push(token);
  }
}

function addTo(type, line) {
  if (type.kind === 'enum') type.values.push(line[0]);
  else if (line[0] === 'map') type.fields.push({ name: line[6], of: line[4], how: 'map' });
  else if (line[0] === 'repeated') type.fields.push({ name: line[2], of: line[1], how: 'list' });
  else type.fields.push({ name: line[1], of: line[0], how: 'one' });
}

const camel = (name) => name.replaceAll(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

function schemaOf(types, name, scope) {
  if (SCALARS[name] !== undefined) return SCALARS[name];
  // Names are looked up from the inside out.
  for (let at = scope; ; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const found = types.get(at === '' ? name : `${at}.${name}`);
    if (found?.kind === 'enum') return { type: 'string', enum: found.values };
    if (found !== undefined) return UNREAD.test(found.name) ? OPEN : messageSchema(types, found);
    if (at === '') return OPEN;
  }
}

function messageSchema(types, { name, fields }) {
  const properties = Object.fromEntries(
    fields.map((field) => {
      const one = schemaOf(types, field.of, name);
      const schema =
        field.how === 'list'
          ? { type: 'array', items: one }
          : field.how === 'map'
            ? { type: 'object', additionalProperties: one }
            : one;
      return [camel(field.name), { ...schema, nullable: true }];
    }),
  );
  return { type: 'object', properties };
}

const types = new Map();
for (const file of ['proxy.proto', 'config.proto']) declarations(readFileSync(join(folder, file), 'utf8'), types);
const mesh = messageSchema(types, types.get('MeshConfig'));
const stored = {
  origin: 'extracted by tools/extract-mesh-config.mjs from config.proto and proxy.proto of istio.io/api v1.31.1',
  licence: 'Apache-2.0',
  kinds: [
    {
      group: '',
      kind: 'ConfigMap',
      plural: 'configmaps',
      shortNames: ['cm'],
      scope: 'Namespaced',
      body: 'document',
      schemas: {
        v1: {
          type: 'object',
          properties: {
            immutable: { type: 'boolean' },
            data: { type: 'object', properties: { mesh, meshNetworks: { type: 'string' } } },
          },
        },
      },
    },
  ],
};
writeFileSync(join(lib, 'schemas/mesh.json'), `${JSON.stringify(stored)}\n`);
