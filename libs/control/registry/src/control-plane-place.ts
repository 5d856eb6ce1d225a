import { PUBLIC, readState, replaceState } from '@weft/control-ca';
import { join } from 'node:path';

/** The name by which workloads know the control plane: its certificate has it. Source: Istio's default. */
export const CONTROL_PLANE_NAME = 'istiod.istio-system.svc';

const FILE = 'control-plane.json';
const ROOTS = 'root-cert.pem';

/** What a bootstrap is to have that no stream brings later. */
export interface BootstrapDefaults {
  /** The cluster that proxies send their spans to; `''`: none. */
  readonly spanCluster: string;
  /** Whom sidecars send their stats to: `host:port`, `control-plane`, or `''`: nobody. */
  readonly metricsService: string;
  /** The statsd that they tell them over UDP: `host:port`, or `''`: none. */
  readonly statsd: string;
}

export const NO_DEFAULTS: BootstrapDefaults = Object.freeze({ spanCluster: '', metricsService: '', statsd: '' });

/**
 * Where a control plane serves, for commands on the same machine. It writes this into its state folder when it listens, and when
 * its mesh has other defaults.
 */
export interface ControlPlanePlace extends Partial<BootstrapDefaults> {
  readonly trustDomain: string;
  /** `ip:port` of xDS and the certificate authority over TLS. */
  readonly secure: string;
  /** `http://ip:port` of registrations and dumps. */
  readonly debug: string;
  /** The name in its certificate. */
  readonly serverName: string;
}

export function writePlace(stateDir: string, place: ControlPlanePlace): void {
  replaceState(join(stateDir, FILE), `${JSON.stringify(place, null, 2)}\n`, PUBLIC);
}

/** Undefined: no control plane has served from this folder, or its file is damaged. */
export function readPlace(stateDir: string): ControlPlanePlace | undefined {
  try {
    const place = JSON.parse(readState(join(stateDir, FILE)) ?? '') as Partial<ControlPlanePlace>;
    const { trustDomain = '', secure = '', debug = '', serverName = CONTROL_PLANE_NAME } = place;
    const { spanCluster, metricsService, statsd } = { ...NO_DEFAULTS, ...place };
    return trustDomain === '' || secure === '' || debug === ''
      ? undefined
      : { trustDomain, secure, debug, serverName, spanCluster, metricsService, statsd };
  } catch {
    return undefined;
  }
}

/** The trust bundle beside it, in PEM; `''`: there is none yet. */
export function readRoots(stateDir: string): string {
  return readState(join(stateDir, ROOTS)) ?? '';
}
