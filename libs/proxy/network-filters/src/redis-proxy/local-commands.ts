import type { Clock } from '@weft/core-runtime';
import { arrayOf, bulk, errorOf, integer, simple, type RespValue } from '@weft/net-redis';
import type { Authentication } from './authentication.ts';

const NOPROTO = errorOf('NOPROTO unsupported protocol version');
export const NOAUTH = errorOf('NOAUTH Authentication required.');

/** PING, ECHO, TIME and CLIENT, which no host need be asked. Undefined: the command is not one of them. `null`: it is invalid. */
export function answerLocally(name: string, args: readonly Buffer[], clock: Clock): RespValue | null | undefined {
  switch (name) {
    case 'ping':
      return simple('PONG');
    case 'echo':
      return args.length === 2 ? bulk(args[1] as Buffer) : null;
    case 'time': {
      const wallMs = clock.wallMs();
      return arrayOf([bulk(String(Math.floor(wallMs / 1000))), bulk(String(Math.floor(wallMs * 1000)))]);
    }
    case 'client': {
      const subcommand = args[1]?.toString('latin1').toUpperCase();
      if (subcommand === undefined) return null;
      // What clients say of themselves would name the proxy's own connections.
      if (subcommand === 'SETINFO' || subcommand === 'SETNAME') return simple('OK');
      return errorOf(`ERR CLIENT subcommand '${subcommand}' is not supported by the proxy`);
    }
    default:
      return undefined;
  }
}

/** HELLO [protover [AUTH username password] [SETNAME clientname]]: agrees only to the configured version. */
export function answerHello(args: readonly Buffer[], protocol: 2 | 3, authentication: Authentication): RespValue {
  const version = args[1]?.toString('latin1');
  if (version !== undefined && !/^-?\d{1,9}$/.test(version))
    return errorOf('ERR Protocol version is not an integer or out of range');
  if (version !== undefined && Number(version) !== protocol) return NOPROTO;
  for (let at = 2; at < args.length;) {
    const option = (args[at] as Buffer).toString('latin1').toUpperCase();
    const [first, second] = [args[at + 1], args[at + 2]];
    if (option === 'AUTH' && first !== undefined && second !== undefined) {
      const answer = authentication.withUsername(first, second);
      if (answer.kind === 'error') return answer;
      at += 3;
    } else if (option === 'SETNAME' && first !== undefined) at += 2;
    else return errorOf(`ERR Syntax error in HELLO option '${option.toLowerCase()}'`);
  }
  return authentication.allowed ? greeting(protocol) : NOAUTH;
}

function greeting(protocol: 2 | 3): RespValue {
  const items: RespValue[] = [
    bulk('server'), bulk('weft-redis-proxy'), bulk('version'), bulk('6.0.0'), bulk('proto'), integer(protocol),
    bulk('id'), integer(0), bulk('mode'), bulk('standalone'), bulk('role'), bulk('master'),
    bulk('modules'), arrayOf([]),
  ]; // prettier-ignore
  return protocol === 3 ? { kind: 'map', items } : arrayOf(items);
}
