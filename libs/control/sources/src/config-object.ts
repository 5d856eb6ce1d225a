import { positionIn, type KubeObject, type KubeText } from '@weft/api-kube';
import type { SourcePosition } from '@weft/core-config-text';
import type { MeshObject, ObjectRef } from '@weft/control-mesh';

/** Where a resource was written. */
export interface ObjectPlace {
  readonly file: string;
  /** Of its first field. Counts from 1. */
  readonly line: number;
  /** Where a field of it stands: `spec.http[0].retries`. The nearest one around it, if it is absent. */
  positionOf(path: string): SourcePosition;
}

/** A checked resource, and where it came from. */
export interface ConfigObject<S = unknown> extends MeshObject<S> {
  /** `networking.istio.io/v1`, as it was written. */
  readonly apiVersion: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly place: ObjectPlace;
}

/** The part of a file that holds one resource. */
export class TextPlace implements ObjectPlace {
  readonly line: number;
  private readonly source: KubeText;
  private readonly index: number;

  constructor(source: KubeText, index: number, line: number) {
    this.source = source;
    this.index = index;
    this.line = line;
  }

  get file(): string {
    return this.source.file;
  }

  positionOf(path: string): SourcePosition {
    return positionIn(this.source, this.index, path);
  }
}

/** `rank` stands for the age of resources that tell no time of creation: those seen first are the oldest. */
export function configObject(object: KubeObject, place: ObjectPlace, rank: number): ConfigObject {
  const { group, version, kind, metadata, spec } = object;
  const { name, namespace, labels, annotations, creationTimestamp, generation, resourceVersion } = metadata;
  const ref: ObjectRef = Object.freeze({ group, kind, namespace, name });
  return Object.freeze({
    ref,
    apiVersion: group === '' ? version : `${group}/${version}`,
    createdAtMs: creationTimestamp === undefined ? rank : Date.parse(creationTimestamp),
    labels,
    annotations,
    spec,
    place,
    ...(generation === undefined ? {} : { generation }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  });
}
