import type { AnalysisRow, AuthorityView, ProxySync, StatusRow, SyncType, TypeSync } from '@weft/control-debug';
import type { CliError } from './cli-io.ts';

/** One question, and what was found. */
export interface CheckItem {
  readonly description: string;
  readonly result: 'success' | 'warning' | 'error';
  /** What is not as it is to be, one a line. */
  readonly details: readonly string[];
  /** What to do. */
  readonly hint?: string;
}

export interface CheckCategory {
  readonly name: string;
  readonly checks: readonly CheckItem[];
}

export interface ControlPlaneInfo {
  readonly name: string;
  readonly version: string;
  readonly documentsRead: boolean;
}

/** `GET /v1/workloads`. */
export interface Registrations {
  readonly leaseMs: number;
  readonly workloads: readonly Registered[];
  readonly expired: readonly { readonly namespace: string; readonly name: string; readonly atMs: number }[];
}

interface Registered {
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount?: string;
  readonly proxied?: boolean;
  readonly healthy: boolean;
}

const DAY_MS = 86_400_000;
const SOON_DAYS = 30;
/** Agents renew at half of the life, a fiftieth more or less; by this share they have failed to. */
const RENEWED_BY = 0.6;
/** Whose API Weft speaks. */
const ENVOY = '1.40';
const SHOWN = 10;

/** What is found fault with: nothing is √. */
function item(
  description: string,
  found: readonly string[],
  { bad = 'error', hint }: { readonly bad?: 'warning' | 'error'; readonly hint: string },
): CheckItem {
  if (found.length === 0) return { description, result: 'success', details: [] };
  const more = found.length > SHOWN ? [`… and ${found.length - SHOWN} more`] : [];
  return { description, result: bad, details: [...found.slice(0, SHOWN), ...more], hint };
}

export function checkControlPlane(url: string, asked: ControlPlaneInfo | CliError): CheckCategory {
  const reached = `the control plane can be asked at ${url}`;
  const name = 'control-plane';
  if (!('version' in asked))
    return {
      name,
      checks: [
        {
          description: reached,
          result: 'error',
          details: [asked.message],
          ...(asked.hint === undefined ? {} : { hint: asked.hint }),
        },
      ],
    };
  return {
    name,
    checks: [
      item(reached, [], { hint: '' }),
      item('the control plane has read its documents', asked.documentsRead ? [] : ['not yet'], {
        hint: 'ask again in a moment; then the log of the control plane says why',
      }),
    ],
  };
}

export function checkRoots({ now, roots, signer, rotation }: AuthorityView): CheckCategory {
  const nowMs = Date.parse(now);
  const left = (notAfter: string): number => Date.parse(notAfter) - nowMs;
  const staying = roots.filter(({ phase }) => phase !== 'retiring');
  const expired = (notAfter: string): boolean => left(notAfter) <= 0;
  const soon = (notAfter: string): boolean => !expired(notAfter) && left(notAfter) < SOON_DAYS * DAY_MS;
  const given = roots.some((root) => root.given);
  const renew = given
    ? 'docs/security.md, "The roots": put a successor into root-cert.pem, and exchange ca-cert.pem a day later'
    : rotation === undefined
      ? 'weft ca rotate begins an exchange of the root'
      : 'weft ca status tells how far its exchange is';
  const checks = [
    item(
      'the roots are within their validity',
      staying.filter(({ notAfter }) => expired(notAfter)).map(({ id, notAfter }) => `${id} expired at ${notAfter}`),
      { hint: renew },
    ),
    item(
      `the roots are valid for at least ${SOON_DAYS} days`,
      staying.filter(({ notAfter }) => soon(notAfter)).map(({ id, notAfter }) => `${id} expires at ${notAfter}`),
      { bad: 'warning', hint: renew },
    ),
  ];
  if (signer.intermediates > 0) {
    const what = `it expires at ${signer.notAfter}`;
    const hint = 'replace ca-cert.pem, ca-key.pem and cert-chain.pem in the folder of --ca-dir';
    checks.push(
      item('the intermediate that signs is within its validity', expired(signer.notAfter) ? [what] : [], { hint }),
    );
    checks.push(
      item(`the intermediate is valid for at least ${SOON_DAYS} days`, soon(signer.notAfter) ? [what] : [], {
        bad: 'warning',
        hint,
      }),
    );
  }
  const underWay = rotation === undefined ? 'no exchange of the root is under way' : `an exchange of the root is under way (${rotation.step})`; // prettier-ignore
  const late = rotation?.until !== undefined && Date.parse(rotation.until) + 2 * 3_600_000 < nowMs;
  checks.push(
    item(underWay, late ? [`its step was to end at ${rotation.until ?? ''}`] : [], {
      hint: 'the log of the control plane says why it does not go on',
    }),
  );
  return { name: 'control-plane-certificates', checks };
}

export interface ProxyWorld {
  readonly proxies: readonly ProxySync[];
  readonly registrations: Registrations;
  /** Of the control plane. */
  readonly version: string;
}

export function checkProxies({ proxies, registrations, version }: ProxyWorld): CheckCategory {
  const connected = new Set(proxies.map(({ name }) => name));
  const workloads = registrations.workloads.filter(({ proxied = true }) => proxied);
  const lost = workloads.map(qualified).filter((name) => !connected.has(name));
  const inState = (test: (status: string) => boolean): string[] =>
    proxies.flatMap(({ name, types }) =>
      (Object.entries(types) as [SyncType, TypeSync][])
        .filter(([, { status }]) => test(status))
        .map(([type, sync]) => `${name}: ${type} ${sync.status}${detailOf(sync)}`),
    );
  const hours = registrations.expired.map(({ atMs, ...one }) => `${qualified(one)} at ${new Date(atMs).toISOString()}`);
  return {
    name: 'data-plane',
    checks: [
      item('every workload that registered has its proxy connected', lost, {
        hint: 'the log of its weft run, and of its sidecar, says why',
      }),
      item('no registration has expired in the last hour', hours, {
        bad: 'warning',
        hint: 'its weft run ended without a word, or cannot reach the control plane: nobody calls it any more',
      }),
      item('every workload that registered is healthy', unhealthy(registrations), {
        bad: 'warning',
        hint: 'weft describe workload NAME; its callers are sent elsewhere',
      }),
      item(
        'no proxy refuses what it is told',
        inState((status) => status === 'NACKED'),
        {
          hint: 'it keeps what it had: weft proxy-status NAME, and mend the document that it is about',
        },
      ),
      item('every proxy is told what the documents say', withheld(proxies), {
        hint: 'proxies would refuse it, so that it is told otherwise or not at all: mend the documents behind it',
      }),
      item(
        'every proxy has what it is to have',
        inState((status) => status.startsWith('STALE') || status === 'HELD BACK'),
        {
          bad: 'warning',
          hint: 'STALE: it was told and has not answered yet, ask again in a moment; HELD BACK: mend what it refuses',
        },
      ),
      item('proxies are of the versions that the control plane speaks to', oldProxies(proxies, version), {
        bad: 'warning',
        hint: `start them again with weft ${version}, or with Envoy ${ENVOY}`,
      }),
    ],
  };
}

function detailOf({ error, heldBack }: TypeSync): string {
  const held = (heldBack ?? []).map(({ name, reason }) => `${name} is ${reason}`);
  const all = [...(error === undefined ? [] : [error]), ...held];
  return all.length === 0 ? '' : `: ${all.join('; ')}`;
}

/** Each thing once, with how many proxies it is about. */
function withheld(proxies: readonly ProxySync[]): string[] {
  const told = Map.groupBy(
    proxies.flatMap(({ name, withheld: all }) => all.map((text) => ({ name, text }))),
    ({ text }) => text,
  );
  return [...told].map(
    ([text, [first, ...others]]) =>
      `${first?.name ?? ''}${others.length > 0 ? ` and ${others.length} more` : ''}: ${text}`,
  );
}

function unhealthy({ workloads }: Registrations): string[] {
  return workloads.filter(({ healthy }) => !healthy).map(qualified);
}

function oldProxies(proxies: readonly ProxySync[], version: string): string[] {
  return proxies.flatMap(({ name, version: own }) => {
    const [, program = '', number = ''] = /^(weft|envoy) (\S+)$/.exec(own) ?? [];
    if (program === '') return [];
    const right = program === 'weft' ? number === version : number.startsWith(`${ENVOY}.`);
    return right ? [] : [`${name} is ${own}`];
  });
}

/** By what the authority gave out; what it gave out before it was started is unknown to it. */
export function checkWorkloadCertificates(
  { now, trustDomain, leaves }: AuthorityView,
  { workloads }: Registrations,
): CheckCategory {
  const nowMs = Date.parse(now);
  const wanted = new Map(
    workloads
      .filter(({ proxied = true }) => proxied)
      .map((one) => [`spiffe://${trustDomain}/ns/${one.namespace}/sa/${one.serviceAccount ?? 'default'}`, one]),
  );
  const known = leaves.filter(({ identity }) => wanted.has(identity));
  const expired = known.filter(({ notAfter }) => Date.parse(notAfter) <= nowMs);
  const late = known.filter(({ issued, notAfter }) => {
    const [from, to] = [Date.parse(issued), Date.parse(notAfter)];
    return to > nowMs && nowMs > from + (to - from) * RENEWED_BY;
  });
  const hint = 'the log of its weft run says why it gets no new one';
  return {
    name: 'data-plane-certificates',
    checks: [
      item(
        'no workload has a certificate that has expired',
        expired.map(({ identity, notAfter }) => `${identity} until ${notAfter}`),
        { hint },
      ),
      item(
        'every workload has renewed its certificate at half of its life',
        late.map(({ identity, issued, notAfter }) => `${identity} of ${issued} until ${notAfter}`),
        { bad: 'warning', hint },
      ),
    ],
  };
}

const POLICIES = ['AuthorizationPolicy', 'PeerAuthentication'];

export function checkConfiguration(analysis: readonly AnalysisRow[], status: readonly StatusRow[]): CheckCategory {
  const of = (level: string): string[] =>
    analysis
      .filter((row) => row.level === level)
      .map(
        ({ code, resource, place, message, hint }) =>
          `[${code}] ${resource === '' ? '' : `${resource} `}(${place}) ${withHint(message, hint)}`,
      );
  return {
    name: 'configuration',
    checks: [
      item('no document is refused or contradicts others', of('Error'), {
        hint: 'docs/analyze.md says what the codes mean; weft status says what is in force',
      }),
      item('no document does something else than it seems to', of('Warning'), {
        bad: 'warning',
        hint: 'docs/analyze.md says what the codes mean',
      }),
      item(
        'every policy holds as it is written, for the proxies that there are',
        status
          .filter(({ kind }) => POLICIES.includes(kind))
          .flatMap(({ kind, namespace, name, place = '', notes }) =>
            notes
              .filter((note) => note.kind === 'warning')
              .map(({ message }) => `${kind} ${namespace}/${name} (${place}) ${message}`),
          ),
        {
          bad: 'warning',
          hint: 'weft authz why asks about one call; weft run --protocol HTTP lets policies see requests',
        },
      ),
    ],
  };
}

/** As `weft analyze` joins them. */
function withHint(message: string, hint: string | undefined): string {
  if (hint === undefined) return message;
  const ended = /[.?]$/.test(message);
  const text = ended ? `${message} ${hint.charAt(0).toUpperCase()}${hint.slice(1)}` : `${message}; ${hint}`;
  return !ended || /[.?]$/.test(text) ? text : `${text}.`;
}

function qualified({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${name}.${namespace}`;
}
