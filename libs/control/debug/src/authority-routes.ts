import type { AuthorityReport } from '@weft/control-ca';
import { found, refused, type DebugRequest, type DebugResponse, type DebugRoutes } from './debug-route.ts';
import type { AuthoritySource, DebugSource } from './debug-source.ts';
import { notFromHere } from './local-change.ts';
import { isoTime } from './sync-status.ts';

/** What `weft ca status` and `weft check` read. Times are ISO 8601. */
export interface AuthorityView {
  readonly trustDomain: string;
  readonly now: string;
  readonly certificateTtlSeconds: number;
  readonly roots: readonly {
    readonly id: string;
    readonly phase: string;
    readonly given: boolean;
    readonly notAfter: string;
    /** Announced: when it begins to sign; retiring: when it is removed. */
    readonly until?: string;
  }[];
  readonly signer: { readonly notAfter: string; readonly intermediates: number };
  readonly rotation?: {
    readonly step: 'announced' | 'retiring';
    readonly from: string;
    readonly to: string;
    readonly until?: string;
  };
  /** Sentences. */
  readonly expiring: readonly string[];
  readonly leaves: readonly { readonly identity: string; readonly issued: string; readonly notAfter: string }[];
}

export function authorityRoutes({ authority }: DebugSource): DebugRoutes {
  const here =
    (answer: (authority: AuthoritySource, request: DebugRequest) => DebugResponse | Promise<DebugResponse>) =>
    (request: DebugRequest): DebugResponse | Promise<DebugResponse> =>
      authority === undefined
        ? refused(404, 'this control plane gives out no certificates')
        : answer(authority, request);
  return {
    'GET /debug/caz': here((one) => found(authorityView(one.report()))),
    'POST /debug/ca/rotate': here(rotate),
  };
}

function authorityView(report: AuthorityReport): AuthorityView {
  const { trustDomain, nowMs, leafLifeMs, roots, signer, rotation, expiring, leaves } = report;
  const until = (untilMs: number | undefined) => (untilMs === undefined ? {} : { until: isoTime(untilMs) });
  return {
    trustDomain,
    now: isoTime(nowMs),
    certificateTtlSeconds: Math.round(leafLifeMs / 1000),
    roots: roots.map(({ id, phase, given, notAfterMs, untilMs }) => ({
      id,
      phase,
      given,
      notAfter: isoTime(notAfterMs),
      ...until(untilMs),
    })),
    signer: { notAfter: isoTime(signer.notAfterMs), intermediates: signer.intermediates },
    ...(rotation === undefined
      ? {}
      : { rotation: { step: rotation.step, from: rotation.from, to: rotation.to, ...until(rotation.untilMs) } }),
    expiring,
    leaves: leaves.map(({ identity, issuedMs, notAfterMs }) => ({
      identity,
      issued: isoTime(issuedMs),
      notAfter: isoTime(notAfterMs),
    })),
  };
}

async function rotate(authority: AuthoritySource, request: DebugRequest): Promise<DebugResponse> {
  const fault = notFromHere(request, {
    what: 'an exchange of the root',
    header: 'x-weft-rotate',
    command: 'weft ca rotate',
  });
  if (fault !== undefined) return fault;
  const reason = await authority.rotateRoot();
  if (reason === undefined) return found(authorityView(authority.report()));
  const underWay = authority.report().rotation !== undefined;
  return refused(409, reason, underWay ? 'weft ca status tells how far it is' : undefined);
}
