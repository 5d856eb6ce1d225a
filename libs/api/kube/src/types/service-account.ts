// Made by tools/generate-types.mjs from schemas/core.json: Kubernetes's ServiceAccount. Do not edit.

export interface ServiceAccountSpec {
  readonly automountServiceAccountToken?: boolean;
  readonly secrets?: readonly ServiceAccountSecret[];
  readonly imagePullSecrets?: readonly ServiceAccountImagePullSecret[];
}

export interface ServiceAccountSecret {
  readonly name?: string;
  readonly [field: string]: unknown;
}

export interface ServiceAccountImagePullSecret {
  readonly name?: string;
}
