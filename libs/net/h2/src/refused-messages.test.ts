import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestHeaderMap } from '@weft/core-http';
import { ClientSide, data, GET, headers, OK, POST, ServerSide, type Fields } from './fixture.testing.ts';

/** GET with one pseudo header changed. */
function get(name: string, value: string): Fields {
  return GET.map((field) => (field[0] === name ? [name, value] : field));
}
function without(name: string): Fields {
  return GET.filter((field) => field[0] !== name);
}

const REQUESTS: [title: string, fields: Fields][] = [
  ['a name with capitals', [...GET, ['X-A', 'b']]],
  ['an empty name', [...GET, ['', 'b']]],
  ['a name with a space', [...GET, ['a b', 'c']]],
  ['a name with a colon', [...GET, ['a:b', 'c']]],
  ['a name with a line break', [...GET, ['a\r\nb', 'c']]],
  ['a value with CR LF', [...GET, ['a', 'b\r\nc: d']]],
  ['a value with LF', [...GET, ['a', 'b\nc: d']]],
  ['a value with NUL', [...GET, ['a', 'b\0c']]],
  ['a value with DEL', [...GET, ['a', 'b\x7f']]],
  ['a content-length with a space before it', [...GET, ['content-length', ' 0']]],
  ['a path with a space behind it', get(':path', '/a ')],
  ['connection', [...GET, ['connection', 'close']]],
  ['keep-alive', [...GET, ['keep-alive', '1']]],
  ['proxy-connection', [...GET, ['proxy-connection', 'close']]],
  ['transfer-encoding', [...GET, ['transfer-encoding', 'chunked']]],
  ['upgrade', [...GET, ['upgrade', 'websocket']]],
  ['te with anything but trailers', [...GET, ['te', 'gzip']]],
  ['two values of content-length', [...GET, ['content-length', '0'], ['content-length', '0']]],
  ['a content-length with a sign', [...GET, ['content-length', '+0']]],
  ['a list in content-length', [...GET, ['content-length', '0, 0']]],
  ['no method', without(':method')],
  ['no scheme', without(':scheme')],
  ['no path', without(':path')],
  ['an empty path', get(':path', '')],
  ['a path with a space', get(':path', '/a b')],
  ['a path with octets above ASCII', get(':path', '/\xe4')],
  ['a path that begins without a slash', get(':path', 'a')],
  ['an asterisk for anything but OPTIONS', get(':path', '*')],
  ['a method that is none', get(':method', 'G T')],
  ['a scheme that is none', get(':scheme', '1')],
  ['user information in the authority', get(':authority', 'a@b')],
  ['a path in the authority', get(':authority', 'a/b')],
  ['an authority twice', [...GET, [':authority', 'b']]],
  ['a method twice', [[':method', 'GET'], ...GET]],
  ['a path twice', [[':path', '/'], ...GET]],
  ['a scheme twice', [[':scheme', 'http'], ...GET]],
  ['a host twice', [...without(':authority'), ['host', 'a'], ['host', 'b']]],
  ['a host that is none', [...without(':authority'), ['host', 'a b']]],
  ['a pseudo header behind a field', [...GET.slice(1), ['a', 'b'], [':method', 'GET']]],
  ['an unknown pseudo header', [...GET, [':x', 'y']]],
  ['a pseudo header of responses', [...GET, [':status', '200']]],
  ['extended CONNECT that was not offered', [...get(':method', 'CONNECT'), [':protocol', 'websocket']]],
  ['CONNECT with a path', get(':method', 'CONNECT')],
  ['CONNECT without an authority', [[':method', 'CONNECT']]],
];

for (const [title, fields] of REQUESTS) {
  test(`A request is refused that has ${title}`, () => {
    const whole = new ServerSide();
    whole.send(headers(1, fields));
    assert.deepEqual(whole.sent(), ['goAway 1 protocolError']);
    assert.equal(whole.transport.closed, true);
    assert.equal(whole.requests.length, 0);
    assert.equal(whole.faults.length, 1);
    assert.match(whole.faults[0], /^http2\.(invalid\.header\.field|violation\.of\.messaging\.rule)$/);

    const alone = new ServerSide({ streamErrorOnInvalidHttpMessage: true });
    alone.send(headers(1, fields), headers(3, GET));
    assert.deepEqual(alone.sent(), ['rstStream 1 protocolError']);
    assert.equal(alone.requests.length, 1);
    assert.equal(alone.settings.stats.rxMessagingError.value, 1);
    assert.deepEqual(alone.faults, []);
  });
}

const BODIES: [title: string, fields: Fields, pieces: Buffer[]][] = [
  ['longer than its content-length', [...POST, ['content-length', '2']], [data(1, 'abc', true)]],
  ['shorter than its content-length', [...POST, ['content-length', '4']], [data(1, 'abc', true)]],
  ['absent though its content-length is not', [...POST, ['content-length', '4']], [data(1, '', true)]],
  ['longer than its content-length in pieces', [...POST, ['content-length', '3']], [data(1, 'ab'), data(1, 'cd')]],
  ['ended by trailers before its content-length', [...POST, ['content-length', '3']], [headers(1, [['a', 'b']])]],
  ['followed by trailers that do not end it', POST, [headers(1, [['a', 'b']], false)]],
  ['followed by a pseudo header', POST, [headers(1, [[':path', '/']])]],
  ['followed by a field of the connection', POST, [headers(1, [['connection', 'x']])]],
];

for (const [title, fields, pieces] of BODIES) {
  test(`A request is refused whose body is ${title}`, () => {
    const side = new ServerSide({ streamErrorOnInvalidHttpMessage: true });
    side.send(headers(1, fields, false), ...pieces);
    assert.deepEqual(side.sent(), ['rstStream 1 protocolError']);
    assert.equal(side.last.resetReason, 'protocol error');
    assert.equal(side.last.ended, false);
    assert.equal(side.codec.activeStreams, 0);
    const whole = new ServerSide();
    whole.send(headers(1, fields, false), ...pieces);
    assert.deepEqual(whole.sent(), ['goAway 1 protocolError']);
    assert.equal(whole.last.resetReason, 'protocol error');
  });
}

test('A head that promises a body and ends is refused', () => {
  const side = new ServerSide();
  side.send(headers(1, [...POST, ['content-length', '2']]));
  assert.deepEqual(side.sent(), ['goAway 1 protocolError']);
});

const RESPONSES: [title: string, pieces: Buffer[]][] = [
  ['no status', [headers(1, [['a', 'b']])]],
  ['a status of two digits', [headers(1, [[':status', '20']])]],
  ['a status that is no number', [headers(1, [[':status', '2xx']])]],
  ['a status twice', [headers(1, [...OK, ...OK])]],
  ['101', [headers(1, [[':status', '101']], false)]],
  ['a pseudo header of requests', [headers(1, [...OK, [':path', '/']])]],
  ['a name with capitals', [headers(1, [...OK, ['A', 'b']])]],
  ['a value with CR LF', [headers(1, [...OK, ['a', 'b\r\nc']])]],
  ['transfer-encoding', [headers(1, [...OK, ['transfer-encoding', 'chunked']])]],
  ['an interim response that ends it', [headers(1, [[':status', '100']])]],
  ['a body before its head', [data(1, 'a')]],
  ['a body longer than its content-length', [headers(1, [...OK, ['content-length', '1']], false), data(1, 'ab')]],
  ['a body shorter than its content-length', [headers(1, [...OK, ['content-length', '3']], false), data(1, 'a', true)]],
  ['a length and no body', [headers(1, [...OK, ['content-length', '3']])]],
  ['a body where 204 has none', [headers(1, [[':status', '204']], false), data(1, 'a', true)]],
  ['a body where 304 has none', [headers(1, [[':status', '304']], false), data(1, 'a', true)]],
];

for (const [title, pieces] of RESPONSES) {
  test(`A response is refused that has ${title}`, () => {
    const whole = new ClientSide();
    const first = whole.request(new RequestHeaderMap());
    whole.sent();
    whole.send(...pieces);
    assert.equal(first.receiver.resetReason, 'protocol error');
    assert.equal(whole.transport.destroyed, true);
    assert.deepEqual([whole.goAways, whole.faults.length], [1, 1]);

    const alone = new ClientSide({ streamErrorOnInvalidHttpMessage: true });
    const second = alone.request(new RequestHeaderMap());
    alone.sent();
    alone.send(...pieces);
    assert.deepEqual(alone.sent(), ['rstStream 1 protocolError']);
    assert.equal(second.receiver.resetReason, 'protocol error');
    assert.deepEqual([alone.ends, alone.goAways], [1, 0]);
  });
}

test('A body in answer to HEAD is refused, its length is not', () => {
  const side = new ClientSide();
  const { receiver } = side.request(new RequestHeaderMap('HEAD'));
  side.send(headers(1, [...OK, ['content-length', '3']]));
  assert.equal(receiver.ended, true);
  const second = side.request(new RequestHeaderMap('HEAD'));
  side.send(headers(3, [...OK, ['content-length', '3']], false), data(3, 'abc', true));
  assert.equal(second.receiver.resetReason, 'protocol error');
});

test('Heads above the limits are refused by themselves, and the connection goes on', () => {
  const many: Fields = Array.from({ length: 101 }, (_, i) => [`h${i}`, 'v'] as const);
  const side = new ServerSide();
  side.send(headers(1, [...GET, ...many.slice(0, 96)]), headers(3, [...GET, ...many.slice(0, 97)]));
  assert.equal(side.requests.length, 1);
  assert.deepEqual(side.sent(), ['rstStream 3 internalError']);
  assert.equal(side.settings.stats.headerOverflow.value, 1);
  const small = new ServerSide({ maxHeadersKb: 1 });
  small.send(headers(1, [...GET, ['a', 'v'.repeat(1100)]]), headers(3, GET));
  assert.deepEqual(small.sent(), ['rstStream 1 internalError']);
  assert.equal(small.settings.stats.headerListSizeTooLarge.value, 1);
  assert.equal(small.requests.length, 1);
});

test('Blanks at the ends of a value are taken off', () => {
  const side = new ServerSide().send(
    headers(1, [...GET, ['a', ' \tb c\t'], ['d', '  '], ['cookie', 'e '], ['cookie', ' f']]),
  );
  assert.deepEqual(side.last.head?.raw, ['a', 'b c', 'd', '', 'cookie', 'e; f']);
});

test('Fields of one list are one field, those of trailers stay as they are', () => {
  const accepts: Fields = [
    ['accept', 'a'],
    ['x', '1'],
    ['accept', 'b'],
    ['x', '2'],
  ];
  const side = new ServerSide().send(headers(1, [...POST, ...accepts], false), headers(1, accepts));
  assert.deepEqual(side.last.head?.raw, ['accept', 'a,b', 'x', '1', 'x', '2']);
  assert.deepEqual(side.last.trailerMap?.raw, accepts.flat());
  const client = new ClientSide();
  const { receiver } = client.request(new RequestHeaderMap());
  client.send(headers(1, [...OK, ['server', 'a'], ['server', 'b']]));
  assert.deepEqual(receiver.head?.raw, ['server', 'a,b']);
});

test('Heads that were refused are told, with their reason and whose fault it was', () => {
  const refused: unknown[] = [];
  const side = new ServerSide({ headersWithUnderscoresAction: 'reject', maxHeadersCount: 6 });
  side.onRefusedHead = (details, malformed) => refused.push([details, malformed]);
  const many = Array.from({ length: 9 }, (_, i): [string, string] => [`x${i}`, '']);
  side.send(headers(1, [...GET, ['a_b', 'c']]), headers(3, [...GET, ...many]), headers(5, GET));
  side.send(headers(7, [...GET, ['content-length', '1']]));
  assert.deepEqual(refused, [
    ['http2.unexpected_underscore', false],
    ['http2.too_many_headers', false],
    ['http2.violation.of.messaging.rule', true],
  ]);
  assert.equal(side.requests.length, 1);
});

test('Names with underscores are let through, dropped or refused', () => {
  const fields: Fields = [...GET, ['a_b', 'c'], ['d', 'e']];
  const allow = new ServerSide().send(headers(1, fields));
  assert.deepEqual(allow.last.head?.raw, ['a_b', 'c', 'd', 'e']);
  const drop = new ServerSide({ headersWithUnderscoresAction: 'drop' }).send(headers(1, fields));
  assert.deepEqual(drop.last.head?.raw, ['d', 'e']);
  assert.equal(drop.settings.stats.droppedHeadersWithUnderscores.value, 1);
  const reject = new ServerSide({ headersWithUnderscoresAction: 'reject' }).send(headers(1, fields));
  assert.equal(reject.requests.length, 0);
  assert.deepEqual(reject.sent(), ['rstStream 1 internalError']);
  assert.equal(reject.settings.stats.requestsRejectedWithUnderscoresInHeaders.value, 1);
});
