import type { Analysis } from '../analysis.ts';

/** Policies that do more than they seem to. */
export function checkAuthorization(analysis: Analysis): void {
  for (const object of analysis.of('security.istio.io/AuthorizationPolicy')) {
    const { action = 'ALLOW', rules = [] } = object.spec;
    if (action !== 'ALLOW' || rules.length > 0) continue;
    const whole = object.spec.selector === undefined ? ` in namespace ${object.ref.namespace}` : '';
    analysis.report(
      'WFT0107',
      { object, path: 'spec' },
      `An ALLOW policy without rules allows nothing: every request to its workloads${whole} is denied unless another policy allows it.`,
      'if that is meant, nothing; to allow everything write "rules: [{}]"',
    );
  }
}
