import { boundVirtualServices, documentsOf, isDelegate, type DelegateFault } from '@weft/control-mesh';
import type { VirtualServiceSpec } from '@weft/api-kube';
import type { ConfigObject } from '@weft/control-sources';
import { nearest } from '@weft/core-config-text';
import { meant, type Analysis } from '../analysis.ts';

/** VirtualServices that delegate to what is not there or may not be taken, and delegates that nobody takes. */
export function checkDelegates(analysis: Analysis): void {
  const all = boundVirtualServices(analysis.snapshot);
  const taken = new Set(all.flatMap((bound) => documentsOf(bound).slice(1)));
  for (const bound of all) {
    const object = bound.object as ConfigObject<VirtualServiceSpec>;
    for (const fault of bound.faults) report(analysis, object, fault);
    if (isDelegate(object) && !taken.has(object) && !isNamed(analysis, object))
      analysis.report(
        'WFT0121',
        { object, path: '' },
        'It has no hosts, and no VirtualService delegates to it. It has no effect.',
        'name its hosts, or delegate to it',
      );
  }
}

/** Those who name it in vain are told so themselves. */
function isNamed(analysis: Analysis, { ref }: ConfigObject): boolean {
  return analysis
    .of('networking.istio.io/VirtualService')
    .some((root) =>
      (root.spec.http ?? []).some(
        ({ delegate }) => delegate?.name === ref.name && (delegate.namespace ?? root.ref.namespace) === ref.namespace,
      ),
    );
}

function report(
  analysis: Analysis,
  object: ConfigObject<VirtualServiceSpec>,
  { kind, path, message }: DelegateFault,
): void {
  const text = `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
  const name = { object, path: `${path}.name` };
  if (kind === 'missing') {
    const [wanted = ''] = /[^/ ]+(?= to delegate)/.exec(message) ?? [];
    const hint = nearest(wanted, analysis.names('networking.istio.io/VirtualService'));
    const otherwise = 'add a VirtualService of that name without hosts';
    analysis.report('IST0101', name, `${text}. The rule has no effect.`, meant(hint, otherwise));
  } else if (kind === 'has-hosts')
    analysis.report('IST0101', name, `${text}. The rule has no effect.`, 'take its hosts away');
  else if (kind === 'not-exported')
    analysis.report('WFT0120', name, `${text}. The rule has no effect.`, `add ${object.ref.namespace} to its exportTo`);
  else
    analysis.report(
      'WFT0120',
      { object, path },
      `${text}: it is left out.`,
      'make one match narrower, or the other wider',
    );
}
