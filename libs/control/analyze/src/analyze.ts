import type { MeshSnapshot } from '@weft/control-mesh';
import type { ConfigObject, ObjectSet } from '@weft/control-sources';
import { Analysis } from './analysis.ts';
import { checkAnnotations } from './checks/annotations.ts';
import { checkAuthorization } from './checks/authorization.ts';
import { checkDestinationRules } from './checks/destination-rules.ts';
import { checkDelegates } from './checks/delegates.ts';
import { checkSidecars } from './checks/sidecars.ts';
import { checkDestinations } from './checks/destinations.ts';
import { checkGatewayApi } from './checks/gateway-api.ts';
import { checkGateways } from './checks/gateways.ts';
import { checkProviders } from './checks/providers.ts';
import { checkResilience } from './checks/resilience.ts';
import { checkSelectors } from './checks/selectors.ts';
import { checkServices } from './checks/services.ts';
import { checkVirtualServiceHosts } from './checks/virtual-service-hosts.ts';
import { checkVirtualServiceRules } from './checks/virtual-service-rules.ts';
import { CODES, type Code } from './codes.ts';
import { byPlace, type Message } from './message.ts';

const CHECKS = [
  checkVirtualServiceHosts,
  checkDestinations,
  checkDelegates,
  checkSidecars,
  checkVirtualServiceRules,
  checkResilience,
  checkDestinationRules,
  checkServices,
  checkGateways,
  checkGatewayApi,
  checkSelectors,
  checkAuthorization,
  checkProviders,
  checkAnnotations,
];

/** What is wrong or odd in resources that are well formed each, ordered by file and place. `mesh`: the one that they are in. */
export function analyze(objects: Iterable<ConfigObject>, mesh?: MeshSnapshot): readonly Message[] {
  const analysis = new Analysis(objects, mesh);
  for (const check of CHECKS) check(analysis);
  return analysis.messages.sort(byPlace);
}

/** The same for a set as a source gives it: with what was refused. */
export function analyzeSet(set: ObjectSet, mesh?: MeshSnapshot): readonly Message[] {
  const refused = set.refused.flatMap(({ ref, twin, foreign, faults }) =>
    faults.map(({ path, file, position, message, expected, suggestion }): Message => {
      const code: Code = twin ? 'WFT0104' : foreign ? 'WFT0114' : 'IST0106';
      const text = path === '' ? message : `${path}: ${message}`;
      const hint = suggestion === undefined ? expected && `expected ${expected}` : `did you mean "${suggestion}"?`;
      const { line, column } = position ?? { line: 1, column: 1 };
      const found = { code, level: CODES[code].level, file, line, column, path, text };
      return { ...found, ...(ref === undefined ? {} : { ref }), ...(hint === undefined ? {} : { hint }) };
    }),
  );
  return [...refused, ...analyze(set.objects.values(), mesh)].sort(byPlace);
}
