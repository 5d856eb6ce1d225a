import { TokenAuthority, type TokenSubject } from '@weft/control-ca';
import { CONTROL_PLANE_NAME, NO_DEFAULTS, readPlace, readRoots, type BootstrapDefaults } from '@weft/control-registry';
import { unreadable } from '@weft/core-config-text';
import type { Runtime } from '@weft/core-runtime';
import { createIdentity, type WorkloadIdentity } from '@weft/model-identity';
import { readFileSync } from 'node:fs';
import type { ControlPlaneOptions } from './run-options.ts';

/** How a workload reaches its control plane, and what it shows there. */
export interface ControlPlaneAccess {
  readonly identity: WorkloadIdentity;
  /** `host:port` of xDS and the authority, over TLS. */
  readonly secure: string;
  /** The name that its certificate must have. */
  readonly serverName: string;
  /** `http://host:port` or `https://host:port`; undefined: at `secure`, with the workload's certificate. */
  readonly registry: string | undefined;
  /** As its state folder says it; who registers is told with the answer. */
  readonly bootstrap: BootstrapDefaults;
  /** PEM. */
  readonly roots: string;
  /** A token for this workload, as fresh as can be had; undefined: there is none any more. */
  readonly token: () => string | undefined;
}

interface Subject {
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The one that it may register for. */
  readonly service: string;
  /** Those that it may have. */
  readonly labels: Readonly<Record<string, string>>;
}

/** From a state folder of this machine, from flags, or from both: flags win. Throws an Error whose text is for people. */
export function findControlPlane(options: ControlPlaneOptions, subject: Subject, runtime: Runtime): ControlPlaneAccess {
  const { stateDir } = options;
  const place = stateDir === undefined ? undefined : readPlace(stateDir);
  if (stateDir !== undefined && place === undefined && options.secure === undefined)
    throw new Error(
      `no control plane has served from ${stateDir}: start it with weft control-plane --config-dir DIR, and name the same DIR`,
    );
  const { spanCluster, metricsService, statsd } = { ...NO_DEFAULTS, ...place };
  const trustDomain = place?.trustDomain ?? options.trustDomain;
  const identity = createIdentity({ ...subject, trustDomain });
  if (!identity.ok) throw new Error(identity.fault);
  const roots = options.rootCert === undefined ? readRoots(stateDir ?? '.') : readText(options.rootCert);
  if (roots === '') throw new Error(`${stateDir ?? ''}/root-cert.pem is missing: has the control plane started?`);
  return {
    identity: identity.value,
    secure: options.secure ?? place?.secure ?? '',
    serverName: options.serverName ?? place?.serverName ?? CONTROL_PLANE_NAME,
    // On this machine the token goes over the loopback.
    registry: options.registry ?? (options.secure === undefined ? place?.debug : undefined),
    bootstrap: { spanCluster, metricsService, statsd },
    roots,
    token: tokenSource(options, { ...subject, identity: identity.value }, runtime),
  };
}

/** A token that was given, or one that is made with the key of the state folder: whoever may read it may be any workload. */
function tokenSource(
  { stateDir, token, tokenFile }: ControlPlaneOptions,
  { identity, name, service, labels }: Required<TokenSubject>,
  runtime: Runtime,
): () => string | undefined {
  if (token !== undefined) return () => token;
  if (tokenFile !== undefined) return () => readText(tokenFile).trim();
  if (stateDir === undefined) return () => undefined;
  const tokens = TokenAuthority.open(stateDir, identity.trustDomain, runtime);
  return () => tokens.issue({ identity, name, service, labels });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${path} cannot be read: ${unreadable(error)}`, { cause: error });
  }
}
