import { nearest } from '@weft/core-config-text';
import type { Report } from '../report.ts';

/** Commands that a header may carry and that need no argument. A test of the translation holds them against the proxy's decoder. */
const COMMANDS: readonly string[] = [
  ...['PROTOCOL', 'CONNECTION_ID', 'REQUESTED_SERVER_NAME', 'ROUTE_NAME', 'VIRTUAL_CLUSTER_NAME', 'STREAM_ID'],
  ...['TRACE_ID', 'RESPONSE_CODE', 'RESPONSE_CODE_DETAILS', 'RESPONSE_FLAGS', 'RESPONSE_FLAGS_LONG'],
  ...under('DOWNSTREAM', [
    ...under('REMOTE', ['ADDRESS', 'ADDRESS_WITHOUT_PORT', 'PORT']),
    ...under('DIRECT_REMOTE', ['ADDRESS', 'ADDRESS_WITHOUT_PORT', 'PORT']),
    ...under('LOCAL', ['ADDRESS', 'ADDRESS_WITHOUT_PORT', 'PORT', 'SUBJECT']),
    ...under('TLS', ['VERSION', 'CIPHER', 'SESSION_ID']),
    ...['LOCAL', 'PEER'].flatMap((side) =>
      under(
        side,
        ['URI', 'DNS', 'EMAIL', 'IP', 'OTHERNAME'].map((of) => `${of}_SAN`),
      ),
    ),
    ...under('PEER', ['SUBJECT', 'ISSUER', 'SERIAL', 'FINGERPRINT_1', 'FINGERPRINT_256', 'CERT', 'CERT_V_START']),
    ...under('PEER', ['CERT_V_END', 'CHAIN_FINGERPRINTS_1', 'CHAIN_FINGERPRINTS_256', 'CHAIN_SERIALS']),
    ...under('PEER', ['ISSUER_FINGERPRINT_256', 'ISSUER_SERIAL']),
  ]),
  ...under('UPSTREAM', [
    ...['HOST', 'HOST_NAME', 'LOCAL_ADDRESS', 'CLUSTER', 'TRANSPORT_FAILURE_REASON', 'REQUEST_ATTEMPT_COUNT'],
    ...under('REMOTE', ['ADDRESS', 'ADDRESS_WITHOUT_PORT', 'PORT']),
  ]),
];
const COMMAND = /%%|%([A-Z0-9_]+)(?:\(([^)]*)\))?(?::(\d+))?%/g;

function under(prefix: string, names: readonly string[]): string[] {
  return names.map((name) => `${prefix}_${name}`);
}

/** `%REQ(x-a)%`, `%PROTOCOL%`, `%%`: Istio passes values on as they are, and Envoy takes them for formats. */
export function checkFormat(value: string, place: string, report: Report): void {
  for (const [whole, command, argument] of value.matchAll(COMMAND)) {
    if (command === undefined || isCommand(command, argument)) continue;
    const suggestion = argument === undefined ? nearest(command, COMMANDS) : undefined;
    report(
      place,
      `unknown command ${whole}`,
      suggestion === undefined
        ? { expected: `%REQ(name)%, %RESP(name)% or one of ${COMMANDS.map((name) => `%${name}%`).join(', ')}` }
        : { suggestion: value.replace(whole, whole.replace(command, suggestion)) },
    );
    return;
  }
  const rest = value.replaceAll(COMMAND, '');
  if (rest.includes('%'))
    report(place, 'has a single %', { expected: 'a command such as %PROTOCOL%, or %% for the sign itself' });
}

function isCommand(command: string, argument: string | undefined): boolean {
  if (argument === undefined) return COMMANDS.includes(command);
  return (command === 'REQ' || command === 'RESP') && (argument.split('?')[0] ?? '') !== '';
}
