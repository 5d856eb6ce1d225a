import { cluster, connectionManager, listener, routesOf } from './bootstraps.ts';
import { dataFrame, headersFrame, RawHttp2Client, type Fields } from './http2-frames.ts';
import type { RunningProxy } from './proxy.ts';
import type { ScriptedRequest, ScriptedUpstream } from './scripted-upstream.ts';

/** What an HTTP/2 client sends, and what of it an HTTP/1.1 upstream may see. */
export interface DowngradeCase {
  readonly title: string;
  readonly frames: readonly Buffer[];
  /** The one request that reaches the upstream; undefined: none, not even a part of a second. */
  readonly passes: { readonly method: string; readonly path: string; readonly body: string } | undefined;
}

const base = (changes: Readonly<Record<string, string>> = {}): Fields =>
  Object.entries({ ':method': 'GET', ':scheme': 'http', ':path': '/case', ':authority': 'a', ...changes });
const POST = { ':method': 'POST' };
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';

function refused(title: string, fields: Fields, ...rest: readonly Buffer[]): DowngradeCase {
  return { title, frames: [headersFrame(1, fields, rest.length === 0), ...rest], passes: undefined };
}
function passed(title: string, body: string, fields: Fields, ...rest: readonly Buffer[]): DowngradeCase {
  const method = fields.find(([name]) => name === ':method')?.[1] ?? '';
  return { ...refused(title, fields, ...rest), passes: { method, path: '/case', body } };
}
const body = (text: string): Buffer => dataFrame(1, text, true);
const withField = (name: string, value: string): Fields => [...base(), [name, value]];
const posting = (...fields: Fields): Fields => [...base(POST), ...fields];

/** Octets that mean something to HTTP/1.1, by their names. */
const OCTETS = { CR: '\r', LF: '\n', CRLF: '\r\n', NUL: '\0' } as const;
const PSEUDO = { ':method': 'GE%T', ':scheme': 'ht%tp', ':path': '/ca%se', ':authority': 'a%b' } as const;

function octetCases(): DowngradeCase[] {
  const cases: DowngradeCase[] = [];
  for (const [name, octet] of Object.entries(OCTETS)) {
    for (const [at, text] of Object.entries({ 'at the start': '%a', inside: 'a%b', 'at the end': 'a%' })) {
      cases.push(refused(`${name} ${at} of a name`, withField(text.replace('%', octet), 'v')));
      cases.push(refused(`${name} ${at} of a value`, withField('x', text.replace('%', octet))));
    }
    for (const [pseudo, text] of Object.entries(PSEUDO))
      cases.push(refused(`${name} in ${pseudo}`, base({ [pseudo]: text.replace('%', octet) })));
  }
  for (const [name, octet] of Object.entries({ space: ' ', 'a tab': '\t', 'a colon': ':' })) {
    for (const text of ['%a', 'a%b', 'a%'])
      cases.push(refused(`${name} in a name, ${JSON.stringify(text)}`, withField(text.replace('%', octet), 'v')));
    cases.push(refused(`${name} in :method`, base({ ':method': `GE${octet}T` })));
    if (name === 'a colon') continue;
    cases.push(refused(`${name} in :path`, base({ ':path': `/ca${octet}se` })));
    cases.push(refused(`${name} in :authority`, base({ ':authority': `a${octet}b` })));
  }
  return cases;
}

const SPLITS: readonly DowngradeCase[] = [
  refused('a request in a value', withField('x', `y\r\n\r\n${HIDDEN}`)),
  refused('a request in a name', withField(`x: y\r\n\r\n${HIDDEN}`, 'z')),
  refused('a field in a value', withField('x', 'y\r\ntransfer-encoding: chunked')),
  refused('a field in a value, by LF alone', withField('x', 'y\ntransfer-encoding: chunked')),
  refused('a field in a name', withField('x: y\r\ncontent-length', '0')),
  refused('a request line in :method', base({ ':method': 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\nGET' })),
  refused('a request line in :path', base({ ':path': `/ HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}` })),
  refused('a version in :path', base({ ':path': '/case HTTP/1.1' })),
  refused('a field in :authority', base({ ':authority': 'a\r\nx: y' })),
  refused('a request in :authority', base({ ':authority': `a\r\n\r\n${HIDDEN}` })),
  refused('a request in :scheme', base({ ':scheme': `http://a/ HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}` })),
  refused(
    'a request in a trailer',
    posting(),
    dataFrame(1, 'hello', false),
    headersFrame(1, [['x', `y\r\n${HIDDEN}`]], true),
  ),
];

const FRAMING: readonly DowngradeCase[] = [
  refused('transfer-encoding', posting(['transfer-encoding', 'chunked']), body(`0\r\n\r\n${HIDDEN}`)),
  refused('transfer-encoding in another case', posting(['Transfer-Encoding', 'chunked']), body(`0\r\n\r\n${HIDDEN}`)),
  refused('connection', withField('connection', 'close')),
  refused('connection that nominates a length', posting(['connection', 'content-length']), body(HIDDEN)),
  refused('keep-alive', withField('keep-alive', '5')),
  refused('proxy-connection', withField('proxy-connection', 'keep-alive')),
  refused('upgrade', withField('upgrade', 'websocket')),
  refused('te that asks for codings', withField('te', 'gzip')),
  refused('a length of 0 before DATA', posting(['content-length', '0']), body(HIDDEN)),
  refused('a length below DATA', posting(['content-length', '3']), body(HIDDEN)),
  refused('a length above DATA', posting(['content-length', '300']), body('hello')),
  refused('a length without DATA', posting(['content-length', '5'])),
  refused(
    'a length above DATA, then trailers',
    posting(['content-length', '9']),
    dataFrame(1, 'hello', false),
    headersFrame(1, [['x', 'y']], true),
  ),
  refused('two lengths', posting(['content-length', '5'], ['content-length', '0']), body('hello')),
  refused('two lengths in one', posting(['content-length', '5, 0']), body('hello')),
  refused('a length with a sign', posting(['content-length', '+5']), body('hello')),
  refused('a length in hexadecimal', posting(['content-length', '0x5']), body('hello')),
  refused('a length that is empty', posting(['content-length', '']), body('hello')),
  refused('a length in another case', posting(['Content-Length', '0']), body('hello')),
];

const PSEUDO_RULES: readonly DowngradeCase[] = [
  refused('two :path', [...base(), [':path', '/hidden']]),
  refused('two :method', [...base(), [':method', 'POST']]),
  refused('two :authority', [...base(), [':authority', 'b']]),
  refused(
    'no :method',
    base().filter(([name]) => name !== ':method'),
  ),
  refused(
    'no :path',
    base().filter(([name]) => name !== ':path'),
  ),
  refused(
    'no :scheme',
    base().filter(([name]) => name !== ':scheme'),
  ),
  refused('an empty :path', base({ ':path': '' })),
  refused('an empty :method', base({ ':method': '' })),
  refused('a :path without its slash', base({ ':path': 'case' })),
  refused(':path behind a field', [...base().filter(([name]) => name !== ':path'), ['x', 'y'], [':path', '/case']]),
  refused('an unknown pseudo field', [[':x', 'y'], ...base()]),
  refused('a pseudo field of responses', [[':status', '200'], ...base()]),
  refused(
    'a pseudo field in trailers',
    posting(),
    dataFrame(1, 'hello', false),
    headersFrame(1, [[':path', '/hidden']], true),
  ),
  refused('an empty name', withField('', 'v')),
  refused('a name in capitals', withField('X-A', 'v')),
  refused('a name beyond ASCII', withField('x\xff', 'v')),
  refused('an :authority with a user', base({ ':authority': 'b@a' })),
  refused('an :authority with a path', base({ ':authority': 'a/hidden' })),
];

const GOOD: readonly DowngradeCase[] = [
  passed('a plain request', '', base()),
  passed('a value that begins with a space', '', withField('x', ' v')),
  passed('a value that ends with a tab', '', withField('x', 'v\t')),
  passed('a value with spaces inside', '', withField('x', 'a b\tc')),
  passed('a value beyond ASCII', '', withField('x', 'a\xff')),
  passed('DATA without a length', '5\r\nhello\r\n0\r\n\r\n', posting(), body('hello')),
  passed('DATA that looks like chunks', '5\r\n0\r\n\r\n\r\n0\r\n\r\n', posting(), body('0\r\n\r\n')),
  passed('DATA with its length', 'hello', posting(['content-length', '5']), dataFrame(1, 'he', false), body('llo')),
  passed('a request in DATA', HIDDEN, posting(['content-length', String(HIDDEN.length)]), body(HIDDEN)),
];

/** HTTP/2 that would be something else in HTTP/1.1, and a few that are what they seem. */
export const DOWNGRADE_CASES: readonly DowngradeCase[] = [
  ...GOOD,
  ...octetCases(),
  ...SPLITS,
  ...FRAMING,
  ...PSEUDO_RULES,
];

/** One HTTP/2 listener, `downgrade`, in front of an HTTP/1.1 upstream. */
export function downgradeBootstrap(upstreamPort: number): object {
  const filter = connectionManager('downgrade', {
    codec_type: 'HTTP2',
    ...routesOf({ match: { prefix: '/' }, route: { cluster: 'upstream' } }),
  });
  return {
    static_resources: {
      listeners: [listener('downgrade', filter)],
      clusters: [cluster('upstream', [upstreamPort])],
    },
  };
}

/** Answers every request, and keeps its connection. */
export const answerDowngraded = (_request: ScriptedRequest, socket: { write(text: string): unknown }): void => {
  socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
};

/** Plays one case, and an innocent request behind it that the upstream must see as it is; says what was wrong, or undefined. */
export async function playDowngrade(
  one: DowngradeCase,
  proxy: RunningProxy,
  upstream: ScriptedUpstream,
): Promise<string | undefined> {
  upstream.requests.length = 0;
  const port = proxy.port('downgrade');
  const client = new RawHttp2Client(port).send(...one.frames);
  const end = await client.end();
  client.close();
  const probe = new RawHttp2Client(port).send(headersFrame(1, base({ ':path': '/probe' }), true));
  const probed = await probe.end();
  probe.close();
  const seen = upstream.requests.map(({ method, path, body: text }) => ({ method, path, body: text }));
  const wanted = [...(one.passes === undefined ? [] : [one.passes]), { method: 'GET', path: '/probe', body: '' }];
  if (JSON.stringify(seen) !== JSON.stringify(wanted)) return `the upstream saw ${JSON.stringify(seen)}`;
  if (probed !== 'response') return `the request behind it ended with ${probed}`;
  return one.passes !== undefined && end !== 'response' ? `it ended with ${end}` : undefined;
}
