import { PUBLIC, readState, replaceState } from '@weft/control-ca';
import { join } from 'node:path';

/** The name by which workloads know the control plane: its certificate has it. Source: Istio's default. */
export const CONTROL_PLANE_NAME = 'istiod.istio-system.svc';

const FILE = 'control-plane.json';
const ROOTS = 'root-cert.pem';

/** Where a control plane serves, for commands on the same machine. It writes this into its state folder when it listens. */
export interface ControlPlanePlace {
  readonly trustDomain: string;
  /** `ip:port` of xDS and the certificate authority over TLS. */
  readonly secure: string;
  /** `http://ip:port` of registrations and dumps. */
  readonly debug: string;
  /** The name in its certificate. */
  readonly serverName: string;
  /** Proxies have a cluster `zipkin`, and send spans there. Absent: no. */
  readonly traced?: boolean;
  /** Whom sidecars send their stats to: `host:port`, or `control-plane`. Absent or `''`: nobody. */
  readonly metricsService?: string;
}

export function writePlace(stateDir: string, place: ControlPlanePlace): void {
  replaceState(join(stateDir, FILE), `${JSON.stringify(place, null, 2)}\n`, PUBLIC);
}

/** Undefined: no control plane has served from this folder, or its file is damaged. */
export function readPlace(stateDir: string): ControlPlanePlace | undefined {
  try {
    const place = JSON.parse(readState(join(stateDir, FILE)) ?? '') as Partial<ControlPlanePlace>;
    const { trustDomain = '', secure = '', debug = '', serverName = CONTROL_PLANE_NAME } = place;
    const { traced = false, metricsService = '' } = place;
    return trustDomain === '' || secure === '' || debug === ''
      ? undefined
      : { trustDomain, secure, debug, serverName, traced, metricsService };
  } catch {
    return undefined;
  }
}

/** The trust bundle beside it, in PEM; `''`: there is none yet. */
export function readRoots(stateDir: string): string {
  return readState(join(stateDir, ROOTS)) ?? '';
}
