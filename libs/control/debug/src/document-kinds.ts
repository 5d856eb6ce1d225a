import { kubeKinds } from '@weft/api-kube';

/** The kinds that documents may be of, each once. */
export function documentKinds(): readonly string[] {
  return [...new Set(kubeKinds().map(({ kind }) => kind))];
}
