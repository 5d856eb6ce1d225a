import type { ConfigNode } from '@weft/core-config-text';
import type { KubeKind } from './catalog.ts';
import { ValueReader } from './read-value.ts';
import type { Report } from './report.ts';
import type { Schema } from './schema.ts';

/** What Weft keeps of a resource's metadata. */
export interface ObjectMeta {
  readonly name: string;
  /** `''` for kinds that belong to no namespace. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly creationTimestamp?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
}

const TEXT: Schema = { type: 'string' };
const LABEL_VALUE: Schema = { type: 'string', maxLength: 63, pattern: '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$' };
const ANYTHING: Schema = { preserveUnknown: true };
const METADATA: Schema = {
  type: 'object',
  required: ['name'],
  properties: {
    name: {
      type: 'string',
      minLength: 1,
      maxLength: 253,
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
    },
    namespace: { type: 'string', maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' },
    labels: { type: 'object', nullable: true, additionalProperties: LABEL_VALUE },
    annotations: { type: 'object', nullable: true, additionalProperties: TEXT },
    creationTimestamp: { type: 'string', nullable: true },
    generation: { type: 'integer' },
    resourceVersion: TEXT,
    uid: TEXT,
    selfLink: TEXT,
    generateName: TEXT,
    deletionTimestamp: TEXT,
    deletionGracePeriodSeconds: { type: 'integer' },
    finalizers: { type: 'array', items: TEXT },
    ownerReferences: ANYTHING,
    managedFields: ANYTHING,
  },
};

/** Reads `metadata`; undefined if it does not even tell a name. */
export function readMetadata(
  node: ConfigNode | undefined,
  kind: KubeKind,
  context: { readonly report: Report; readonly namespace: string },
): ObjectMeta | undefined {
  const { report } = context;
  if (node === undefined) {
    report('', 'lacks the field "metadata"', { expected: 'metadata with a name' });
    return undefined;
  }
  const read = new ValueReader(report).read(node, METADATA, 'metadata') as Partial<ObjectMeta> | null | undefined;
  if (typeof read?.name !== 'string' || read.name === '') return undefined;
  const cluster = kind.scope === 'Cluster';
  if (cluster && read.namespace !== undefined)
    report('metadata.namespace', `is set, and a ${kind.kind} belongs to no namespace`);
  const created = read.creationTimestamp;
  if (created !== undefined && Number.isNaN(Date.parse(created)))
    report('metadata.creationTimestamp', `"${created}" is no time`, {
      expected: 'RFC 3339, as in "2026-01-31T12:00:00Z"',
    });
  return Object.freeze({
    name: read.name,
    namespace: cluster ? '' : (read.namespace ?? context.namespace),
    labels: read.labels ?? Object.freeze({}),
    annotations: read.annotations ?? Object.freeze({}),
    ...(created === undefined ? {} : { creationTimestamp: created }),
    ...(read.generation === undefined ? {} : { generation: read.generation }),
    ...(read.resourceVersion === undefined ? {} : { resourceVersion: read.resourceVersion }),
  });
}
