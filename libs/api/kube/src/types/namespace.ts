// Made by tools/generate-types.mjs from schemas/core.json: Kubernetes's Namespace. Do not edit.

export type NamespaceSpec = Readonly<Record<string, unknown>>;
