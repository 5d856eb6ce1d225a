// Made by tools/generate-types.mjs from schemas/core.json: Kubernetes's Secret. Do not edit.

export interface SecretSpec {
  readonly type: string;
  readonly immutable?: boolean;
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}
