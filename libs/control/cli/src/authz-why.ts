import { EXIT } from './cli-io.ts';
import { controlPlane } from './control-plane-client.ts';
import { print } from './output.ts';
import { COMMON_OPTIONS, NAMESPACE_OPTION, type Verb } from './verb.ts';

interface Answer {
  readonly decision: 'ALLOW' | 'DENY' | 'UNKNOWN';
  readonly cannotTell?: string;
  readonly reason: string;
  readonly decidedBy?: string;
  readonly asks?: string;
  readonly source: { readonly identity: string; readonly why?: string };
  readonly destination: { readonly namespace: string; readonly name: string; readonly port: number };
  readonly judged?: 'requests' | 'connections';
  readonly mtls: { readonly mode: string; readonly by?: string };
  readonly rules: readonly {
    readonly action: string;
    readonly rule: string;
    readonly result: string;
    readonly policy?: string;
    readonly namespace?: string;
    readonly index?: number;
    readonly says?: string;
  }[];
}

export const authzWhy: Verb = {
  spec: {
    name: 'authz why',
    takes: ['SRC', 'DST', 'METHOD', 'PATH'],
    summary: 'tell whether a request would be let in, which rule decides, and why the others do not',
    about: [
      'SRC and DST are workloads, services or connected gateways: NAME, NAME.NAMESPACE; SRC may be an identity, spiffe://…, or',
      "an address. What is asked is what DST's proxy is told, evaluated as that proxy does, for a call as SRC's proxy makes it.",
      'Exits with 0 where it is allowed, and 1 where it is denied or cannot be told.',
    ],
    options: {
      ...COMMON_OPTIONS,
      namespace: NAMESPACE_OPTION,
      port: { value: 'PORT', help: "of the service (default DST's first)", number: true },
      host: { value: 'HOST', help: "of the request (default DST's service)" },
      header: {
        value: 'NAME:VALUE',
        short: 'H',
        help: 'a header of the request; may come several times',
        several: true,
      },
    },
    examples: [
      'weft authz why playlists-api videos-api GET /videos/1',
      'weft authz why videos-web videos-db GET / --port 6379',
      'weft authz why 203.0.113.7 gateway GET /',
    ],
  },
  run: async (line, io) => {
    const [src = '', dst = '', method = '', path = ''] = line.args;
    const query = new URLSearchParams({
      src: line.qualified(src),
      dst: line.qualified(dst),
      method,
      path,
    });
    for (const name of ['port', 'host']) if (line.text(name) !== '') query.set(name, line.text(name));
    for (const header of line.texts('header')) query.append('header', header);
    const answer = await controlPlane(io, line).get<Answer>(`/debug/authzz?${query.toString()}`);
    print(io, line, answer, () => answerText(answer, `${src} -> ${dst} ${method.toUpperCase()} ${path}`));
    return answer.decision === 'ALLOW' ? EXIT.done : EXIT.no;
  },
};

function verdict(decision: Answer['decision'], asks: string | undefined): string {
  if (decision === 'UNKNOWN') return '? cannot be told';
  if (decision === 'DENY') return '× denied';
  return asks === undefined ? '√ allowed' : '? asked of a provider';
}

/** `weft run --listener-drain-time`; with it a policy that changes ends what stands. */
const CONNECTIONS =
  '   judged       when a connection is made: one that stands from before a change lives for up to 45 s';

function callerText({ identity, why }: Answer['source']): string {
  if (identity !== '') return identity;
  return `unknown: it calls without mutual TLS${why === undefined ? '' : ` (${why})`}`;
}

function answerText(
  { decision, reason, cannotTell, decidedBy, asks, source, destination, judged, mtls, rules }: Answer,
  question: string,
): string {
  const { namespace, name, port } = destination;
  const lines = [
    `${verdict(decision, asks)}: ${question}`,
    cannotTell !== undefined
      ? `   because ${cannotTell}`
      : asks === undefined
        ? `   because ${reason}`
        : `   provider ${asks} decides; without it allowed: ${reason}`,
    '',
    `   caller       ${callerText(source)}`,
    `   destination  ${name}.${namespace}, port ${port}`,
    `   mutual TLS   ${mtls.mode}${mtls.by === undefined ? ', since nobody says anything' : ` by ${mtls.by}`}`,
    ...(judged === 'connections' ? [CONNECTIONS] : []),
    '',
  ];
  const text = `${lines.join('\n')}\n`;
  if (cannotTell !== undefined) return text;
  if (rules.length === 0 && decision === 'DENY')
    return `${text}No policy was asked: the connection is refused before.\n`;
  if (rules.length === 0) return `${text}No AuthorizationPolicy concerns the destination.\n`;
  const asked = rules.map((rule) => {
    const name =
      rule.policy === undefined ? rule.rule : `${rule.policy}.${rule.namespace ?? ''} rule ${rule.index ?? 0}`;
    const about = rule.says === undefined ? '' : `       ${rule.says}\n`;
    return `${rule.rule === decidedBy ? '>' : ' '}  ${rule.action} ${name}: ${rule.result}\n${about}`;
  });
  return `${text}Rules that were asked:\n${asked.join('')}`;
}
