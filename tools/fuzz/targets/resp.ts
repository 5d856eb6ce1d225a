import { encodeResp, RespParser, type RespValue } from '@weft/net-redis';
import type { Prng } from '../random.ts';
import { latin1, pieces, promise, type FuzzTarget } from '../target.ts';

function parsed(chunks: readonly Buffer[]): { readonly values: RespValue[]; readonly fault: string | undefined } {
  const values: RespValue[] = [];
  const parser = new RespParser({ onValue: (value) => void values.push(value) }, { inlineCommands: true });
  let fault: string | undefined;
  for (const chunk of chunks) fault ??= parser.push(chunk);
  return { values, fault };
}

const bytesOf = (values: readonly RespValue[]): string => encodeResp(...values).toString('latin1');

export const resp: FuzzTarget = {
  name: 'resp',
  seeds: [
    '*2\r\n$3\r\nGET\r\n$1\r\na\r\n',
    'PING\r\nset a b\r\n',
    '+OK\r\n-ERR no\r\n:42\r\n$-1\r\n*-1\r\n_\r\n',
    '%1\r\n+a\r\n~2\r\n#t\r\n,1.5\r\n>1\r\n(123456789012345678901\r\n=7\r\ntxt:abc\r\n!3\r\nERR\r\n',
    '|1\r\n+ttl\r\n:1\r\n+OK\r\n',
  ].map(latin1),
  words: [
    '\r\n',
    '*',
    '$',
    '*1\r\n',
    '$0\r\n\r\n',
    '$-1\r\n',
    '*-1\r\n',
    '%',
    '|1\r\n',
    '*1048577\r\n',
    '$536870913\r\n',
    ' ',
    '\0',
  ].map(latin1),
  run(input, random: Prng) {
    const whole = parsed([Buffer.from(input)]);
    const cut = parsed(pieces(input, random));
    promise(whole.fault === cut.fault, `cuts change nothing: ${whole.fault} became ${cut.fault}`);
    const bytes = bytesOf(whole.values);
    promise(bytes === bytesOf(cut.values), 'cuts change nothing in the values');
    promise(bytesOf(parsed([latin1(bytes)]).values) === bytes, 'what is written is read as the same');
    return `${[...new Set(whole.values.map(({ kind }) => kind))].join()} ${whole.fault ?? ''}`;
  },
};
