// Writes src/types/*.ts from schemas/*.json: one file for each kind, one interface for each object in it. Objects of the same
// shape inside a kind share the name of the one nearest to the top. `--check` writes nothing and says what is stale.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const lib = dirname(dirname(fileURLToPath(import.meta.url)));
const GROUPS = { istio: 'Istio', 'gateway-api': 'Gateway API', linkerd: 'Linkerd', core: 'Kubernetes', mesh: 'Istio' };
/** Both Istio and the Gateway API have a Gateway. */
const TYPE_NAMES = { 'gateway.networking.k8s.io/Gateway': 'K8sGateway' };

/** Names better than the path of the first place that has the shape. */
const BETTER = {
  VirtualServiceHttpCorsPolicyAllowOrigin: 'VirtualServiceStringMatch',
  VirtualServiceHttpMirror: 'VirtualServiceDestination',
  VirtualServiceHttpMirror2: 'VirtualServiceHttpMirrorPolicy',
  VirtualServiceHttpMirrorPercentage: 'VirtualServicePercent',
  VirtualServiceHttpMirrorPort: 'VirtualServicePortSelector',
  VirtualServiceHttpHeadersRequest: 'VirtualServiceHeaderOperations',
  VirtualServiceHttpRewriteUriRegexRewrite: 'VirtualServiceRegexRewrite',
  HTTPRouteRuleFilterRequestHeaderModifier: 'HTTPRouteHeaderModifier',
  HTTPRouteRuleFilterRequestHeaderModifierAdd: 'HTTPRouteHeaderValue',
  HTTPRouteRuleFilterRequestRedirectPath: 'HTTPRoutePathModifier',
  GRPCRouteRuleFilterRequestHeaderModifier: 'GRPCRouteHeaderModifier',
  GRPCRouteRuleFilterRequestHeaderModifierAdd: 'GRPCRouteHeaderValue',
  DestinationRulePortLevelSettingPort: 'DestinationRulePortSelector',
  ConfigMapDataMesh: 'MeshConfigSpec',
};

const pascal = (text) => text.replaceAll(/(^|[^A-Za-z0-9])([A-Za-z0-9])/g, (_, __, letter) => letter.toUpperCase());
const kebab = (text) =>
  text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();
const singular = (text) => (/Tls$/.test(text) ? text : singularWord(text));
const singularWord = (text) =>
  text
    .replace(/ies$/, 'y')
    .replace(/(ss|x|ch)es$/, '$1')
    .replace(/([^s])s$/, '$1');

/** What decides the shape of a type: rules, limits and defaults do not. */
function shapeOf(schema) {
  if (Array.isArray(schema) || typeof schema !== 'object' || schema === null) return schema;
  const {
    type,
    properties,
    items,
    additionalProperties,
    intOrString,
    preserveUnknown,
    required,
    default: preset,
  } = schema;
  return {
    ...{ type, intOrString, preserveUnknown, required, enum: schema.enum, preset: preset !== undefined },
    properties:
      properties && Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, shapeOf(value)])),
    items: items && shapeOf(items),
    additionalProperties: additionalProperties && shapeOf(additionalProperties),
  };
}

class KindTypes {
  constructor(prefix) {
    this.prefix = prefix;
    this.byShape = new Map();
    this.names = new Map();
    this.queue = [];
  }

  write(schema) {
    this.nameOf(schema, `${this.prefix}Spec`, this.prefix);
    const blocks = [];
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift())
      blocks.push(this.interfaceOf(next));
    return blocks.join('\n');
  }

  nameOf(schema, wanted, path) {
    const shape = JSON.stringify(shapeOf(schema));
    const known = this.byShape.get(shape);
    if (known !== undefined) return known;
    const shorter = wanted
      .replace(/^DestinationRuleTrafficPolicy(?=.)/, 'DestinationRule')
      .replace(/^ConfigMapDataMesh(?=.)/, 'Mesh');
    let name = this.names.has(shorter) ? (BETTER[`${shorter}2`] ?? shorter) : (BETTER[shorter] ?? shorter);
    for (let n = 2; this.names.has(name); n += 1) name = `${shorter}${n}`;
    this.names.set(name, schema).set(wanted, schema);
    this.byShape.set(shape, name);
    this.queue.push({ name, schema, path });
    return name;
  }

  interfaceOf({ name, schema, path }) {
    const fields = Object.entries(schema.properties ?? {}).map(([key, field]) => {
      const always = schema.required?.includes(key) === true || field.default !== undefined;
      const type = this.typeOf(field, `${path}${pascal(key)}`, key);
      const comment = field.experimental ? '  /** Only in the experimental channel. */\n' : '';
      return `${comment}  readonly ${/^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key}'`}${always ? '' : '?'}: ${type};`;
    });
    if (schema.preserveUnknown) fields.push('  readonly [field: string]: unknown;');
    if (schema.preserveUnknown && fields.length === 1)
      return `export type ${name} = Readonly<Record<string, unknown>>;\n`;
    return `export interface ${name} {\n${fields.join('\n')}\n}\n`;
  }

  typeOf(schema, path) {
    if (schema.intOrString) return 'number | string';
    if (schema.enum) return schema.enum.map((value) => (typeof value === 'string' ? quote(value) : value)).join(' | ');
    if (schema.type === 'string') return 'string';
    if (schema.type === 'boolean') return 'boolean';
    if (schema.type === 'integer' || schema.type === 'number') return 'number';
    if (schema.type === 'array') {
      const item = this.typeOf(schema.items ?? {}, singular(path));
      return `readonly ${item.includes(' ') ? `(${item})` : item}[]`;
    }
    if (schema.additionalProperties)
      return `Readonly<Record<string, ${this.typeOf(schema.additionalProperties, singular(path))}>>`;
    if (schema.properties)
      return Object.keys(schema.properties).length === 0 && !schema.preserveUnknown
        ? 'Readonly<Record<string, never>>'
        : this.nameOf(schema, path, path);
    return schema.preserveUnknown || schema.type === 'object' ? 'Readonly<Record<string, unknown>>' : 'unknown';
  }
}

const quote = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const files = new Map();
const specs = [];
for (const [source, owner] of Object.entries(GROUPS)) {
  const { kinds } = JSON.parse(readFileSync(join(lib, `schemas/${source}.json`), 'utf8'));
  for (const { group, kind, schemas } of kinds) {
    const name = TYPE_NAMES[`${group}/${kind}`] ?? kind;
    const own = Object.values(schemas).filter((schema) => typeof schema !== 'string');
    const body = new KindTypes(name).write(own.at(-1));
    const head = `// Made by tools/generate-types.mjs from schemas/${source}.json: ${owner}'s ${kind}. Do not edit.\n\n`;
    files.set(`${kebab(name)}.ts`, head + body);
    specs.push({ key: group === '' ? kind : `${group}/${kind}`, name, file: `${kebab(name)}.ts` });
  }
}
const head = '// Made by tools/generate-types.mjs. Do not edit.\n\n';
const imports = specs.map(({ name, file }) => `import type { ${name}Spec } from './${file}';\n`).join('');
const map = specs.map(({ key, name }) => `  readonly ${/\W/.test(key) ? `'${key}'` : key}: ${name}Spec;\n`).join('');
const doc =
  '/** What the `spec` of each kind is, by group and kind; kinds without a spec have the document without its head. */\n';
files.set('spec-of.ts', `${head}${imports}\n${doc}export interface SpecOf {\n${map}}\n`);
const all = specs.map(({ file }) => `export * from './${file}';\n`).join('');
files.set('index.ts', `${head}${all}export * from './spec-of.ts';\n`);

const stale = [];
for (const [name, text] of files) {
  const path = join(lib, 'src/types', name);
  const formatted = await format(text, path);
  if (existsSync(path) && readFileSync(path, 'utf8') === formatted) continue;
  if (process.argv.includes('--check')) stale.push(name);
  else writeFileSync(path, formatted);
}
if (stale.length > 0) {
  process.stderr.write(`stale, run \`npm run types\`: ${stale.join(', ')}\n`);
  process.exit(1);
}

async function format(text, path) {
  const prettier = await import('prettier');
  return prettier.format(text, { ...(await prettier.resolveConfig(path)), filepath: path });
}
