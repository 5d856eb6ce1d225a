import type { ConnectFailure } from '@weft/net-tcp';
import type { PoolFailure } from '@weft/proxy-filter-api';

/** Errors of this machine, not of the host: another host would meet them too. */
const LOCAL_ERRORS: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EMFILE', 'ENFILE', 'EACCES']);

/** Why there is no connection, as local replies and access logs say it (`transport failure reason: …`). */
export function connectFailureText(failure: ConnectFailure): Pick<PoolFailure, 'reason' | 'details'> {
  if (failure.reason === 'timeout') return { reason: 'connection timeout', details: '' };
  const local = LOCAL_ERRORS.has(errorCode(failure));
  return { reason: local ? 'local connection failure' : 'remote connection failure', details: failure.details };
}

function errorCode(failure: ConnectFailure): string {
  return (failure.error as NodeJS.ErrnoException | undefined)?.code ?? '';
}
