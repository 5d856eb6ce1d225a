import { meshConfigOf } from '@weft/control-mesh';
import { statusOf, type ObjectStatus, type StatusNote, type StatusWorld } from './object-status.ts';

/** What MeshConfig does: all of it for every proxy, or nothing. */
export function meshConfigStatus({ snapshot, proxies }: StatusWorld): ObjectStatus[] {
  const { config, policies } = snapshot;
  const used = meshConfigOf(policies, config);
  return policies.meshConfigs.map((object) => {
    if (object !== used)
      return statusOf(object, 0, [
        { kind: 'unattached', message: `MeshConfig is read from the namespace ${config.rootNamespace} alone` },
      ]);
    const { trustDomain, rootNamespace } = object.spec.data?.mesh ?? {};
    const notes: StatusNote[] = [
      ...differs('trustDomain', trustDomain, config.trustDomain, '--trust-domain'),
      ...differs('rootNamespace', rootNamespace, config.rootNamespace, '--root-namespace'),
    ];
    return statusOf(object, proxies.length, notes);
  });
}

/** Identities and keys stand by them: they are the control plane's flags. */
function differs(field: string, wanted: string | undefined, is: string, flag: string): StatusNote[] {
  if (wanted === undefined || wanted === '' || wanted === is) return [];
  const message = `${field} "${wanted}" has no effect: the control plane was started with ${flag} ${is}`;
  return [{ kind: 'warning', message, path: `data.mesh.${field}` }];
}
