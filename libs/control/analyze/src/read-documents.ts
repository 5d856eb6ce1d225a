import { SupportCheck } from '@weft/api-kube';
import { ObjectFiles, type ObjectSet } from '@weft/control-sources';
import { translationSupport } from '@weft/control-translate';

/**
 * Resources as the control plane takes them, by file name: what it has no use for yet is among the refused. Those that are
 * refused for that alone are looked into nevertheless, so that all their mistakes are told at once.
 */
export function readDocuments(
  texts: ReadonlyMap<string, string>,
  { namespace, meshConfigFile: file }: { readonly namespace?: string; readonly meshConfigFile?: string } = {},
): ObjectSet {
  const options = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(file === undefined ? {} : { meshConfig: { file, namespace: 'istio-system' } }),
  };
  const taken = new ObjectFiles({ ...options, support: new SupportCheck(translationSupport) });
  const wellFormed = new ObjectFiles(options);
  for (const files of [taken, wellFormed]) files.update(texts);
  return { ...taken.snapshot(), objects: wellFormed.snapshot().objects };
}
