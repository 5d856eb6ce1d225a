import { nearest, type ConfigNode, type MapNode } from '@weft/core-config-text';
import { findKind, kubeKinds, splitApiVersion, type KubeKind } from './catalog.ts';
import { checkSpec } from './checks/check-spec.ts';
import { isMeshConfigMap } from './mesh-config-text.ts';
import { readMetadata, type ObjectMeta } from './metadata.ts';
import { nothing, ValueReader } from './read-value.ts';
import type { Report, ReportHint } from './report.ts';
import type { Schema } from './schema.ts';

/** A resource in the form its schema asks for, defaults set. */
export interface KubeObject<S = unknown> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: S;
}

export interface ObjectIdentity {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface ReadObject {
  /** Whose text it is, where that much could be read: what is refused leaves the version before it in force. */
  readonly identity?: ObjectIdentity;
  /** What it calls itself, where that is all that could be read. */
  readonly said?: Omit<ObjectIdentity, 'group'>;
  /** Absent if there is any fault. */
  readonly object?: KubeObject;
  /** What it is, where that is a kind that is known. */
  readonly kind?: { readonly group: string; readonly kind: string };
  /** It is of a kind that has nothing to do with the mesh (a Deployment), and not a misspelling of one that has. */
  readonly foreign?: boolean;
}

export interface ReadOptions {
  /** Of resources that name none. Default `default`. */
  readonly namespace?: string;
}

/** Reads one document by the schema of its kind. Every fault is reported, with its path from the top of the document. */
export function readObject(root: ConfigNode, report: Report, options: ReadOptions = {}): ReadObject {
  if (root.kind !== 'map') {
    report('', 'is no resource', { expected: 'a map with apiVersion, kind and metadata' });
    return {};
  }
  const faults: string[] = [];
  const counting: Report = (path, message, hint) => {
    faults.push(path);
    report(path, message, hint);
  };
  const type = readType(root, counting);
  if (type === undefined) return { said: saidOf(root, options), ...(isForeign(root) ? { foreign: true } : {}) };
  const { kind, version } = type;
  const metadata = readMetadata(root.entries.get('metadata')?.value, kind, {
    report: counting,
    namespace: options.namespace ?? 'default',
  });
  const { spec, standIns } = readBody(root, type, counting);
  const { group, kind: name } = kind;
  checkReadable(`${group}/${name}`, { spec, faults: [...faults], standIns }, counting);
  const read = { kind: { group, kind: name } };
  if (metadata === undefined) return { ...read, said: saidOf(root, options) };
  const identity = { group, kind: name, namespace: metadata.namespace, name: metadata.name };
  return faults.length > 0
    ? { ...read, identity }
    : { ...read, identity, object: Object.freeze({ group, version, kind: name, metadata, spec }) };
}

interface Readable {
  readonly spec: unknown;
  readonly faults: readonly string[];
  readonly standIns: readonly string[];
}

/** Of what could not be read nothing is said twice: not of what stands in for it, nor of what may only follow from it. */
function checkReadable(kind: string, { spec, faults, standIns }: Readable, report: Report): void {
  const isKnown = (path: string): boolean =>
    faults.some((fault) => isAtOrBelow(fault, path)) || standIns.some((place) => isAtOrBelow(path, place));
  checkSpec(kind, spec, (path, message, hint) => {
    if (!isKnown(path)) report(path, message, hint);
  });
}

function isAtOrBelow(path: string, place: string): boolean {
  return path === place || (path.startsWith(place) && /^[.[]/.test(path.slice(place.length)));
}

function saidOf(root: MapNode, { namespace: own = 'default' }: ReadOptions): Omit<ObjectIdentity, 'group'> {
  const metadata = root.entries.get('metadata')?.value;
  const field = (name: string): string | undefined => (metadata?.kind === 'map' ? textOf(metadata, name) : undefined);
  return { kind: textOf(root, 'kind') ?? '', namespace: field('namespace') ?? own, name: field('name') ?? '' };
}

const MESH_GROUP = /(^|\.)(istio\.io|linkerd\.io|gateway\.networking\.(x-)?k8s\.io)$/;

function isForeign(root: MapNode): boolean {
  const apiVersion = textOf(root, 'apiVersion');
  const kind = textOf(root, 'kind');
  if (apiVersion === undefined || kind === undefined) return false;
  const { group } = splitApiVersion(apiVersion);
  if (MESH_GROUP.test(group) || LATER_KINDS[group]?.includes(kind) === true) return !MESH_GROUP.test(group);
  const groups = new Set(kubeKinds().map((one) => one.group));
  const kinds = kubeKinds().map((one) => one.kind);
  return (
    !kinds.includes(kind) &&
    nearest(kind, kinds) === undefined &&
    (group === '' || nearest(group, groups) === undefined)
  );
}

interface ObjectType {
  readonly kind: KubeKind;
  readonly version: string;
}

function readType(root: MapNode, report: Report): ObjectType | undefined {
  const apiVersion = textOf(root, 'apiVersion');
  const kindName = textOf(root, 'kind');
  for (const [key, value] of Object.entries({ apiVersion, kind: kindName }))
    if (value === undefined) report('', `lacks the field "${key}"`, typeHint(root, key));
  if (apiVersion === undefined || kindName === undefined) return undefined;
  const { group, version } = splitApiVersion(apiVersion);
  const kind = findKind(group, kindName);
  if (kind === undefined || (kindName === 'ConfigMap' && !isMeshConfigMap(root))) {
    reportUnknownKind(group, kindName, report);
    return undefined;
  }
  if (!kind.versions.includes(version)) {
    const prefix = group === '' ? '' : `${group}/`;
    const expected = `one of ${kind.versions.map((one) => `${prefix}${one}`).join(', ')}`;
    report('apiVersion', `unknown version "${version}" of ${kindName}`, { expected });
    return undefined;
  }
  return { kind, version };
}

/** Kinds of these groups that exist, and that Weft does not take yet. */
const LATER_KINDS: Readonly<Record<string, readonly string[]>> = {
  'networking.istio.io': ['EnvoyFilter', 'ProxyConfig'],
  'security.istio.io': ['RequestAuthentication'],
  'telemetry.istio.io': ['Telemetry'],
  'extensions.istio.io': ['WasmPlugin', 'TrafficExtension'],
  'gateway.networking.k8s.io': ['TCPRoute', 'TLSRoute', 'UDPRoute', 'BackendTLSPolicy', 'ListenerSet'],
  '': ['Pod', 'Endpoints', 'ConfigMap', 'Node'],
  apps: ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'],
  'discovery.k8s.io': ['EndpointSlice'],
  'networking.k8s.io': ['Ingress', 'IngressClass', 'NetworkPolicy'],
};

function reportUnknownKind(group: string, name: string, report: Report): void {
  if (LATER_KINDS[group]?.includes(name) === true) {
    report('kind', `${name} comes with a later version of Weft`);
    return;
  }
  const kinds = kubeKinds();
  const elsewhere = kinds.find(({ kind }) => kind === name);
  const groups = [...new Set(kinds.map((kind) => kind.group))];
  if (groups.includes(group)) {
    const suggestion = nearest(
      name,
      kinds.filter((kind) => kind.group === group).map(({ kind }) => kind),
    );
    if (suggestion !== undefined) report('kind', `unknown kind "${name}"`, { suggestion });
    else if (elsewhere !== undefined)
      report('apiVersion', `${name} is of another group`, { suggestion: apiVersionOf(elsewhere) });
    else report('kind', `${name} of ${group === '' ? 'v1' : group} is no kind that Weft takes`);
    return;
  }
  if (elsewhere !== undefined)
    report('apiVersion', `unknown group "${group}"`, { suggestion: apiVersionOf(elsewhere) });
  else {
    const suggestion = nearest(group, groups);
    report(
      'apiVersion',
      `${name} of "${group}" is no kind that Weft takes`,
      suggestion === undefined ? {} : { suggestion },
    );
  }
}

function apiVersionOf({ group, versions }: KubeKind): string {
  return group === '' ? 'v1' : `${group}/${versions[0] ?? 'v1'}`;
}

function textOf(root: MapNode, key: string): string | undefined {
  const node = root.entries.get(key)?.value;
  return node?.kind === 'scalar' && node.value !== null && node.text !== '' ? node.text : undefined;
}

/** The field under another name; else what it would be by the other of the two. */
function typeHint(root: MapNode, key: string): ReportHint {
  const similar = nearest(key, root.entries.keys());
  if (similar !== undefined && similar !== key) return { expected: `it where "${similar}" is` };
  const [kind = '', apiVersion = ''] = [textOf(root, 'kind'), textOf(root, 'apiVersion')];
  const kinds = kubeKinds();
  if (key === 'apiVersion' && kind !== '') {
    const meant = nearest(
      kind,
      kinds.map((one) => one.kind),
    );
    const versions = kinds.filter((one) => one.kind === meant).map(apiVersionOf);
    return versions.length === 0 ? {} : { expected: `apiVersion: ${versions.join(' or ')}` };
  }
  if (key !== 'kind' || apiVersion === '') return {};
  const { group } = splitApiVersion(apiVersion);
  const named = kinds.filter((one) => one.group === group).map((one) => one.kind);
  return named.length === 0 ? {} : { expected: `kind: one of ${named.join(', ')}` };
}

const HEAD = ['apiVersion', 'kind', 'metadata', 'status'];

function readBody(
  root: MapNode,
  { kind, version }: ObjectType,
  report: Report,
): { readonly spec: unknown; readonly standIns: readonly string[] } {
  const schema = kind.schema(version);
  const reader = new ValueReader(kind.kind === 'Secret' ? withoutValues(report) : report);
  const { standIns } = reader;
  if (kind.body === 'document') {
    const entries = [...root.entries].filter(([key]) => !HEAD.includes(key));
    const body = { ...root, entries: new Map(entries) };
    return { spec: reader.read(body, schema, ''), standIns };
  }
  const known = [...HEAD, 'spec'];
  for (const key of root.entries.keys()) if (!known.includes(key)) reportTopField(key, known, schema, report);
  const spec = root.entries.get('spec')?.value;
  if (spec !== undefined) {
    const value = reader.read(spec, schema, 'spec');
    return { spec: value ?? nothing(schema), standIns: value === undefined ? [...standIns, 'spec'] : standIns };
  }
  const isMissing = schema.specRequired === true || (schema.required ?? []).length > 0;
  if (isMissing) report('', 'lacks the field "spec"');
  return { spec: nothing(schema), standIns: isMissing ? ['spec'] : [] };
}

function reportTopField(key: string, known: readonly string[], schema: Schema, report: Report): void {
  const suggestion = nearest(key, known);
  if (schema.properties?.[key] !== undefined)
    report(key, `unknown field "${key}"`, { atKey: true, expected: `it inside spec` });
  else report(key, `unknown field "${key}"`, suggestion === undefined ? { atKey: true } : { atKey: true, suggestion });
}

/** A fault may repeat the value that it is about; that of a secret must not get into a log. */
function withoutValues(report: Report): Report {
  return (path, message, hint) => {
    if (!/^(data|stringData)\b./.test(path)) report(path, message, hint);
    else if (path.startsWith('data'))
      report(path, 'is not base64', { expected: 'base64, or plain text under stringData' });
    else report(path, 'is no text', { expected: 'text: write it in quotes' });
  };
}
