import type { Parsed, WorkloadIdentity } from '@weft/model-identity';
import { decodeRegistration } from './registration.decode.ts';
import type { RegistrationStore } from './registration-store.ts';

/** One request to the control plane's debug port, as far as it is looked at here. */
export interface RegistryRequest {
  /** What the pattern's `*` stood for, one for each. */
  readonly parts: readonly string[];
  readonly body: string;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface RegistryResponse {
  readonly status: number;
  /** Sent as JSON. */
  readonly body: unknown;
}

export type RegistryRoutes = Readonly<Record<string, (request: RegistryRequest) => RegistryResponse>>;

/** Who registers: the tokens of `weft run`. */
export interface RegistryTokens {
  verify(token: string): Parsed<{ readonly identity: WorkloadIdentity; readonly name: string }>;
  issue(subject: { readonly identity: WorkloadIdentity; readonly name: string }): string;
}

/**
 * The registration API: `PUT /v1/workloads/<namespace>/<name>` registers and renews, `DELETE` takes out, `GET /v1/workloads`
 * lists. A workload may register under the name, namespace and service account of its token, and nothing else; the answer has
 * a fresh token, so that it goes on as long as it renews.
 */
export function registrationRoutes(store: RegistrationStore, tokens: RegistryTokens): RegistryRoutes {
  const allowed = (
    request: RegistryRequest,
    then: (subject: { readonly identity: WorkloadIdentity; readonly name: string }) => RegistryResponse,
  ): RegistryResponse => {
    const token = /^Bearer (\S+)$/i.exec(request.headers['authorization'] ?? '')?.[1];
    if (token === undefined) return refuse(401, ['a token is needed: authorization: Bearer …']);
    const checked = tokens.verify(token);
    if (!checked.ok) return refuse(401, [`the token is refused: ${checked.fault}`]);
    const [namespace = '', name = ''] = request.parts;
    const { identity } = checked.value;
    if (identity.namespace !== namespace || checked.value.name !== name)
      return refuse(403, [
        `the token is for ${identity.namespace}/${checked.value.name}, not for ${namespace}/${name}`,
      ]);
    return then(checked.value);
  };
  return {
    'GET /v1/workloads': () => ({ status: 200, body: { leaseMs: store.leaseMs, workloads: store.all() } }),
    'PUT /v1/workloads/*/*': (request) =>
      allowed(request, ({ identity, name }) => {
        const decoded = decodeRegistration({ namespace: identity.namespace, name }, request.body);
        if (!decoded.ok) return refuse(400, decoded.faults);
        const { serviceAccount = 'default' } = decoded.value;
        if (serviceAccount !== identity.serviceAccount)
          return refuse(403, [
            `the token is for the service account ${identity.serviceAccount}, not for ${serviceAccount}`,
          ]);
        const changed = store.put(decoded.value);
        return { status: 200, body: { changed, leaseMs: store.leaseMs, token: tokens.issue({ identity, name }) } };
      }),
    'DELETE /v1/workloads/*/*': (request) =>
      allowed(request, ({ identity, name }) => {
        const removed = store.remove(identity.namespace, name);
        return removed
          ? { status: 200, body: { removed } }
          : refuse(404, [`${identity.namespace}/${name} is not registered`]);
      }),
  };
}

function refuse(status: number, faults: readonly string[]): RegistryResponse {
  return { status, body: { error: faults.join('; '), faults } };
}
