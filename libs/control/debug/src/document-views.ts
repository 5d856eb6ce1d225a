import { formatFault } from '@weft/core-config-text';
import { refKey, refText, type MeshProxy, type MeshSnapshot, type ObjectRef } from '@weft/control-mesh';
import type { ConfigObject, ObjectSet } from '@weft/control-sources';
import { statusInSteps, statusText, type ObjectStatus, type StatusNote } from '@weft/control-translate';
import type { WithheldPart } from './debug-source.ts';
import { withheldText } from './withheld-text.ts';

/** Annotations that repeat a whole document, secrets and all. */
const REPEATED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The documents as they are in force, and those that are not taken, with the reasons. */
export function documentView({ objects, refused }: ObjectSet): object {
  return {
    documents: [...objects.values()].map((object) => ({
      apiVersion: object.apiVersion,
      kind: object.ref.kind,
      metadata: {
        name: object.ref.name,
        namespace: object.ref.namespace,
        labels: object.labels,
        annotations: Object.fromEntries(Object.entries(object.annotations).filter(([name]) => name !== REPEATED)),
      },
      ...(isSecret(object.ref) ? { data: keysOnly(object) } : { spec: object.spec }),
      place: `${object.place.file}:${object.place.line}`,
    })),
    refused: refused.map(({ ref, twin, foreign, faults }) => ({
      document: ref === undefined ? undefined : refText(ref),
      twin,
      foreign,
      faults: faults.map(({ file, position, path, message }) => ({
        place: [file, position?.line, position?.column].filter((part) => part !== undefined).join(':'),
        path,
        message: ref !== undefined && isSecret(ref) ? 'not shown: the document is a Secret' : message,
      })),
    })),
  };
}

export function isSecret({ group, kind }: Pick<ObjectRef, 'group' | 'kind'>): boolean {
  return group === '' && kind === 'Secret';
}

function keysOnly({ spec }: ConfigObject): Readonly<Record<string, string>> {
  const { data = {}, stringData = {} } = spec as { readonly data?: object; readonly stringData?: object };
  return Object.fromEntries([...Object.keys(data), ...Object.keys(stringData)].map((key) => [key, '[redacted]']));
}

/** What became of one resource. */
export interface StatusRow {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly effectiveOn: number;
  /** One sentence. */
  readonly status: string;
  readonly notes: ObjectStatus['notes'];
  /** `mesh.yaml:12`. */
  readonly place: string | undefined;
}

/** What the status of resources is found from. */
export interface StatusQuestion {
  readonly mesh: MeshSnapshot;
  readonly proxies: readonly MeshProxy[];
  readonly documents: ObjectSet;
  /** By node id. */
  readonly withheld: (id: string) => readonly WithheldPart[];
}

/**
 * Per resource: effective on how many proxies, shadowed by whom, not attached why, used by what. Resources that are refused come
 * last. `rest` is awaited in between: a thousand proxies take seconds.
 */
export async function statusView(question: StatusQuestion, rest: () => Promise<void>): Promise<StatusRow[]> {
  const { mesh, proxies, documents } = question;
  const faults = notesByDocument(question);
  const steps = statusInSteps(mesh, proxies, documents.objects.values());
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) await rest();
  const all = step.value.map((one) => withNotes(one, faults.get(refKey(one.ref)) ?? []));
  const taken = all.map((one): StatusRow => {
    const { kind, namespace, name } = one.ref;
    const place = documents.objects.get(refKey(one.ref))?.place;
    return {
      kind,
      namespace,
      name,
      effectiveOn: one.effectiveOn,
      status: statusText(one),
      notes: one.notes,
      place: place && `${place.file}:${place.line}`,
    };
  });
  return [...taken, ...documents.refused.filter(({ foreign }) => !foreign).map((one) => refusedRow(one, documents))];
}

/** What proxies are not told of a document, each thing once. */
function notesByDocument({ proxies, withheld }: StatusQuestion): ReadonlyMap<string, StatusNote[]> {
  const found = new Map<string, Map<string, StatusNote>>();
  for (const part of proxies.flatMap(({ id }) => withheld(id)))
    for (const ref of part.documents) {
      const key = refKey(ref);
      const message = `not told to proxies, which would refuse it: ${withheldText({ ...part, documents: [] })}`;
      found.set(key, (found.get(key) ?? new Map<string, StatusNote>()).set(message, { kind: 'warning', message }));
    }
  return new Map([...found].map(([key, notes]) => [key, [...notes.values()]]));
}

function withNotes(status: ObjectStatus, notes: readonly StatusNote[]): ObjectStatus {
  return notes.length === 0 ? status : { ...status, notes: [...notes, ...status.notes] };
}

/** With each fault as analyze has it: where, what was expected, what was meant. */
function refusedRow({ ref, said, twin, faults }: ObjectSet['refused'][number], { objects }: ObjectSet): StatusRow {
  const [first] = faults;
  // Of a twin another document has the name.
  const former = ref === undefined || twin ? undefined : objects.get(refKey(ref));
  const inForce = former !== undefined && former.place.file === first?.file;
  const { kind = '', namespace = '', name = '' } = ref ?? said ?? {};
  const texts = faults.map(({ position: _, ...fault }) => formatFault({ ...fault, file: '' }));
  const why = kind === 'Secret' ? 'see the log' : texts.join('; ');
  return {
    kind,
    namespace,
    name,
    effectiveOn: 0,
    status: `refused${inForce ? ', and what it said before is in force' : ''}: ${why}`,
    notes: [],
    place: first && [first.file, first.position?.line].filter((part) => part !== undefined).join(':'),
  };
}
