import { isDryRun, refText, type MeshProxy, type MeshSnapshot } from '@weft/control-mesh';
import { isIP } from 'node:net';
import { ruleText } from './rule-text.ts';
import { authzWhy, type AuthzAnswer, type TriedRule } from '@weft/control-translate';
import { found, refused, type DebugRequest, type DebugResponse } from './debug-route.ts';

const METHODS = ['src', 'dst', 'method', 'path'] as const;

/** `?src=…&dst=…&method=…&path=…`, and if wanted `port`, `host`, `header=name:value` (more than once). */
export function answerAuthz(
  mesh: MeshSnapshot,
  { query }: Pick<DebugRequest, 'query'>,
  proxies: readonly MeshProxy[],
): DebugResponse {
  const missing = METHODS.filter((name) => (query.get(name) ?? '') === '');
  if (missing.length > 0)
    return refused(
      400,
      `${missing.join(', ')} missing`,
      '/debug/authzz?src=playlists-api&dst=videos-api&method=GET&path=/1',
    );
  const port = query.get('port');
  if (port !== null && !/^\d+$/.test(port)) return refused(400, `port is "${port}"; expected a number`);
  const path = query.get('path') ?? '/';
  if (!path.startsWith('/')) return refused(400, `path is "${path}"; expected "/${path}"`);
  const host = query.get('host');
  const question = {
    source: slashed(query.get('src') ?? ''),
    destination: slashed(query.get('dst') ?? ''),
    method: (query.get('method') ?? '').toUpperCase(),
    path,
    ...(port === null ? {} : { port: Number(port) }),
    ...(host === null ? {} : { host }),
    headers: query.getAll('header').flatMap(headerParts),
  };
  const answer = authzWhy(mesh, question, proxies);
  if (typeof answer === 'string')
    return refused(404, answer, 'weft proxy-status and /debug/registryz list those that there are');
  return found(authzView(mesh, answer));
}

/** `name.namespace` as `namespace/name`; identities, addresses and names alone as they are. */
function slashed(text: string): string {
  if (text.includes('/') || !text.includes('.') || isIP(text) !== 0) return text;
  const [name = '', namespace = ''] = text.split('.');
  return `${namespace}/${name}`;
}

function headerParts(text: string): string[] {
  const colon = text.indexOf(':');
  return colon <= 0 ? [] : [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()];
}

function authzView(mesh: MeshSnapshot, answer: AuthzAnswer): object {
  const dryRun = mesh.policies.authorizationPolicies.filter(isDryRun).map(({ ref }) => `${ref.namespace}/${ref.name}`);
  return {
    decision: answer.undecided !== undefined ? 'UNKNOWN' : answer.allowed ? 'ALLOW' : 'DENY',
    cannotTell: answer.undecided,
    reason: answer.reason,
    decidedBy: answer.rule,
    asks: answer.asks,
    source: { identity: answer.sourceIdentity, why: answer.sourceWhy },
    destination: answer.destination,
    judged: answer.judged,
    mtls: { mode: answer.mtls, by: answer.mtlsBy === undefined ? undefined : refText(answer.mtlsBy) },
    rules: answer.tried.map((rule) => ({ ...rule, ...policyOf(mesh, rule.rule), result: resultOf(rule, answer.asks) })),
    dryRunPolicies: dryRun,
  };
}

/** `ns[default]-policy[videos-api]-rule[0]`, in its parts; names of CUSTOM rules have more around it. */
function policyOf(mesh: MeshSnapshot, rule: string): object {
  const parts = /^(?:istio-ext-authz-)?ns\[([^\]]*)\]-policy\[([^\]]*)\]-rule\[(\d+)\]/.exec(rule);
  if (parts === null) return {};
  const [, namespace = '', policy = '', index = ''] = parts;
  const found = mesh.policies.authorizationPolicies.find(
    ({ ref }) => ref.namespace === namespace && ref.name === policy,
  );
  const text = found?.spec.rules?.[Number(index)];
  return { namespace, policy, index: Number(index), ...(text === undefined ? {} : { says: ruleText(text) }) };
}

/** Why a rule did or did not hold. */
function resultOf({ action, sourceMatches, operationMatches, dryRun }: TriedRule, asks: string | undefined): string {
  const counted = dryRun ? ' (dry run: counted only)' : '';
  if (sourceMatches && operationMatches)
    return action === 'CUSTOM' && asks !== undefined ? `matches: asked of provider ${asks}` : `matches${counted}`;
  if (!sourceMatches && !operationMatches) return `neither the caller nor the request fits${counted}`;
  return `${sourceMatches ? 'the caller fits, the request does not' : 'the request fits, the caller does not'}${counted}`;
}
