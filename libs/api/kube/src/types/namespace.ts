// Made by tools/generate-types.mjs from schemas/core.json: Kubernetes's Namespace. Do not edit.

export interface NamespaceSpec {
  readonly [field: string]: unknown;
}
