import type { WorkloadEntrySpec, WorkloadGroupSpec } from '@weft/api-kube';
import type { WorkloadRegistration } from '@weft/control-mesh';
import { formatIdentity, type Parsed, type WorkloadIdentity } from '@weft/model-identity';
import type { BootstrapDefaults } from './control-plane-place.ts';
import { decodeRegistration, decodeRun } from './registration.decode.ts';
import { mayReplace, takenText, type RegistrationHolder } from './registration-run.ts';
import type { RegistrationStore } from './registration-store.ts';

/** One request to the control plane's debug port, as far as it is looked at here. */
export interface RegistryRequest {
  /** What the pattern's `*` stood for, one for each. */
  readonly parts: readonly string[];
  readonly body: string;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whose certificate the connection has; absent: the port asks for none. */
  readonly caller?: WorkloadIdentity;
}

export interface RegistryResponse {
  readonly status: number;
  /** Sent as JSON. */
  readonly body: unknown;
}

/** The body of a 409. */
export interface RegistryConflict {
  readonly error: string;
  readonly faults: readonly string[];
  readonly holder: RegistrationHolder;
}

export type RegistryRoutes = Readonly<Record<string, (request: RegistryRequest) => RegistryResponse>>;

/** Whom a token is for. */
export interface RegistrySubject {
  readonly identity: WorkloadIdentity;
  /** The workload's name. */
  readonly name: string;
  /** The one service that it may be an endpoint of by name. */
  readonly service: string;
  /** What labels it may have: selectors go by them. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Who registers: the tokens of `weft run`. */
export interface RegistryTokens {
  verify(token: string): Parsed<RegistrySubject>;
  issue(subject: RegistrySubject): string;
}

/** What documents in force say of workloads. */
export interface WorkloadDocuments {
  group(namespace: string, name: string): WorkloadGroupSpec | undefined;
  entry(namespace: string, name: string): WorkloadEntrySpec | undefined;
}

const NO_DOCUMENTS: WorkloadDocuments = { group: () => undefined, entry: () => undefined };

/**
 * The registration API: `PUT /v1/workloads/<namespace>/<name>` registers and renews, `DELETE` takes out, `GET /v1/workloads`
 * lists. A workload may register under the name, namespace and service account of its token, as an endpoint of the token's service or
 * of none, with labels of the token, and nothing else; the answer has a fresh token, so that it goes on as long as it renews, what
 * the bootstrap of its sidecar is to have, and the `probe` of its WorkloadGroup. A name that another run has is refused with 409, and whose it is: who knows that run to
 * have ended says so (`replaces`), and has the name.
 */
export function registrationRoutes(
  store: RegistrationStore,
  tokens: RegistryTokens,
  bootstrap: () => BootstrapDefaults,
  documents: WorkloadDocuments = NO_DOCUMENTS,
): RegistryRoutes {
  const allowed = (
    request: RegistryRequest,
    then: (subject: RegistrySubject) => RegistryResponse,
  ): RegistryResponse => {
    const token = /^Bearer (\S+)$/i.exec(request.headers['authorization'] ?? '')?.[1];
    if (token === undefined) return refuse(401, ['a token is needed: authorization: Bearer …']);
    const checked = tokens.verify(token);
    if (!checked.ok) return refuse(401, [`the token is refused: ${checked.fault}`]);
    const [namespace = '', name = ''] = request.parts;
    const { identity } = checked.value;
    const { caller = identity } = request;
    if (formatIdentity(caller) !== formatIdentity(identity))
      return refuse(403, [
        `the token is for ${formatIdentity(identity)}, the certificate is of ${formatIdentity(caller)}`,
      ]);
    if (identity.namespace !== namespace || checked.value.name !== name)
      return refuse(403, [
        `the token is for ${identity.namespace}/${checked.value.name}, not for ${namespace}/${name}`,
      ]);
    return then(checked.value);
  };
  return {
    'GET /v1/workloads': () => ({
      status: 200,
      body: { leaseMs: store.leaseMs, workloads: store.all(), expired: store.expired() },
    }),
    'PUT /v1/workloads/*/*': (request) =>
      allowed(request, (subject) => {
        const { identity, name } = subject;
        const decoded = decodeRegistration({ namespace: identity.namespace, name }, request.body);
        if (!decoded.ok) return refuse(400, decoded.faults);
        const fault = foreignTo(subject, decoded.value) ?? faultOfEntry(documents, identity, name);
        if (fault !== undefined) return refuse(403, [fault]);
        const { group } = decoded.value;
        // Who is in a group stays there while it renews, though the group went.
        const isMember = group === undefined || store.get(identity.namespace, name)?.group === group;
        const groupFault = isMember ? undefined : faultOfGroup(documents, identity, group);
        if (groupFault !== undefined) return refuse(403, [groupFault]);
        const held = heldByAnother(store, decoded);
        if (held !== undefined) return held;
        const changed = store.put(decoded.value, decoded.run);
        const token = tokens.issue(subject);
        const probe = group === undefined ? undefined : documents.group(identity.namespace, group)?.probe;
        const told = { changed, leaseMs: store.leaseMs, token, bootstrap: bootstrap() };
        return { status: 200, body: { ...told, ...(probe === undefined ? {} : { probe }) } };
      }),
    'DELETE /v1/workloads/*/*': (request) =>
      allowed(request, ({ identity, name }) => takeOut(store, { namespace: identity.namespace, name }, request.body)),
  };
}

/** A run takes out itself alone; whoever names none, as people do, whom they want. */
function takeOut(
  store: RegistrationStore,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  body: string,
): RegistryResponse {
  const run = decodeRun(body);
  if (run.id !== '' && !mayReplace(run, store.holder(namespace, name)))
    return refuse(409, [`${namespace}/${name} is registered by another run`]);
  const removed = store.remove(namespace, name);
  return removed ? { status: 200, body: { removed } } : refuse(404, [`${namespace}/${name} is not registered`]);
}

function heldByAnother(
  store: RegistrationStore,
  { value: { namespace, name }, run }: Extract<ReturnType<typeof decodeRegistration>, { ok: true }>,
): RegistryResponse | undefined {
  const [holder, registration] = [store.holder(namespace, name), store.get(namespace, name)];
  if (mayReplace(run, holder) || holder === undefined || registration === undefined) return undefined;
  const error = takenText(registration, (other) => store.get(namespace, other) === undefined);
  const body: RegistryConflict = { error, faults: [error], holder };
  return { status: 409, body };
}

/** What of a registration the token is not for. Labels, too: by them services choose their endpoints, and whom they answer as. */
function foreignTo({ identity, service: named, labels: allowed }: RegistrySubject, registration: WorkloadRegistration) {
  const { serviceAccount = 'default', service, labels } = registration;
  if (serviceAccount !== identity.serviceAccount)
    return `the token is for the service account ${identity.serviceAccount}, not for ${serviceAccount}`;
  if (service !== '' && service !== named)
    return `the token is for an endpoint of the service ${named}, not of ${service}`;
  const foreign = Object.entries(labels).filter(
    ([key, value]) => !Object.hasOwn(allowed, key) || allowed[key] !== value,
  );
  if (foreign.length === 0) return undefined;
  const text = (all: Iterable<readonly [string, string]>): string => [...all].map((one) => one.join('=')).join(',');
  return `the token is not for the labels ${text(foreign)} (it is for ${text(Object.entries(allowed)) || 'none'})`;
}

/** Who registers under the name of a WorkloadEntry is what it says, and has its labels. */
function faultOfEntry(documents: WorkloadDocuments, { namespace, serviceAccount }: WorkloadIdentity, name: string) {
  const wanted = documents.entry(namespace, name)?.serviceAccount || serviceAccount;
  if (wanted === serviceAccount) return undefined;
  return `WorkloadEntry ${namespace}/${name} is of the service account ${wanted}, the token is for ${serviceAccount}`;
}

/** A group is for workloads of its own service account, as in Istio. */
function faultOfGroup(documents: WorkloadDocuments, { namespace, serviceAccount }: WorkloadIdentity, name: string) {
  const group = documents.group(namespace, name);
  if (group === undefined) return `there is no WorkloadGroup ${namespace}/${name}`;
  const wanted = group.template.serviceAccount || 'default';
  if (wanted === serviceAccount) return undefined;
  return `WorkloadGroup ${namespace}/${name} is for the service account ${wanted}, the token is for ${serviceAccount}`;
}

function refuse(status: number, faults: readonly string[]): RegistryResponse {
  return { status, body: { error: faults.join('; '), faults } };
}
