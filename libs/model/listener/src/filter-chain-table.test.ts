import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import { FilterChainTable, type ConnectionFacts } from './filter-chain-table.ts';
import { decodeListener, type ListenerDecoders } from './listener.decode.ts';
import type { ListenerExtensions } from './listener.ts';

const decoders: ListenerDecoders<ListenerExtensions> = {
  networkFilter: (_cx, any) => ({ filter: {}, terminal: any?.typeUrl.endsWith('Echo') === true, typeName: 'echo' }),
  transportSocket: () => 'plaintext',
  listenerFilter: () => ({}),
  impliedFilter: () => ({}),
  accessLogs: () => [],
  udpFilter: () => ({}),
};

const FILTER =
  'filters: [{name: e, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo}}]';

/** A listener whose chains match as given, each named by its place: 0, 1, … */
function decode(matches: readonly string[], more = '') {
  const chains = matches.map((match, i) => `{name: "${i}", filter_chain_match: ${match}, ${FILTER}}`);
  const text = `{name: l, address: {socket_address: {address: 127.0.0.1, port_value: 0}}, filter_chains: [${chains.join()}]${more}}`;
  const { message, faults } = loadConfig({ text, file: 'l', typeName: 'envoy.config.listener.v3.Listener' });
  assert.deepEqual(faults, []);
  const cx = new DecodeContext(sourceNamed('l'));
  return { config: decodeListener(message as Listener, cx, decoders), faults: cx.faults };
}

const FACTS: ConnectionFacts = {
  destinationIp: '10.0.0.1',
  destinationPort: 443,
  serverName: '',
  transportProtocol: 'raw_buffer',
  applicationProtocols: [],
  directSourceIp: '192.168.1.1',
  sourceIp: '192.168.1.1',
  sourcePort: 50000,
};

/** The name of the chain that a connection gets; undefined: it is closed. */
function choose(matches: readonly string[], facts: Partial<ConnectionFacts>): string | undefined {
  const { config } = decode(matches);
  assert.ok(config);
  return new FilterChainTable(config.chains, config.defaultChain).find({ ...FACTS, ...facts })?.name;
}

// Each row: what the chains ask for, what the connection is, and the chain that takes it. The real Envoy 1.40 agrees: see
// apps/mesh-e2e/src/filter-chain-match.test.ts.
const rows: [string, readonly string[], Partial<ConnectionFacts>, string | undefined][] = [
  ['one chain without criteria takes all', ['{}'], {}, '0'],
  ['a port beats no port', ['{}', '{destination_port: 443}'], {}, '1'],
  ['another port is no match', ['{}', '{destination_port: 80}'], {}, '0'],
  ['a port that fits is not left again', ['{}', '{destination_port: 443, server_names: [a]}'], {}, undefined],
  [
    'the longest prefix wins',
    [
      '{prefix_ranges: [{address_prefix: 10.0.0.0, prefix_len: 8}]}',
      '{prefix_ranges: [{address_prefix: 10.0.0.0, prefix_len: 24}]}',
    ],
    {},
    '1',
  ],
  [
    'a prefix counts before a name',
    ['{prefix_ranges: [{address_prefix: 10.0.0.0, prefix_len: 8}]}', '{server_names: [a.com]}'],
    { serverName: 'a.com' },
    '0',
  ],
  ['IPv6 prefixes are for IPv6', ['{prefix_ranges: [{address_prefix: "::", prefix_len: 0}]}'], {}, undefined],
  [
    'an exact name wins over wildcards',
    ['{server_names: ["*.b.com"]}', '{server_names: ["a.b.com"]}', '{}'],
    { serverName: 'a.b.com' },
    '1',
  ],
  [
    'the longest wildcard wins',
    ['{server_names: ["*.com"]}', '{server_names: ["*.b.com"]}'],
    { serverName: 'x.a.b.com' },
    '1',
  ],
  ['a wildcard does not take its own domain', ['{server_names: ["*.b.com"]}', '{}'], { serverName: 'b.com' }, '1'],
  ['names are matched in lower case', ['{server_names: ["A.Com"]}'], { serverName: 'a.com' }, '0'],
  ['no name falls to chains for any', ['{server_names: ["a.com"]}', '{}'], {}, '1'],
  [
    'the transport is asked after the name',
    ['{transport_protocol: tls}', '{server_names: [a.com]}'],
    { serverName: 'a.com', transportProtocol: 'tls' },
    '1',
  ],
  ['plaintext is raw_buffer', ['{transport_protocol: tls}', '{transport_protocol: raw_buffer}'], {}, '1'],
  [
    "the client's order of protocols decides",
    ['{application_protocols: [http/1.1]}', '{application_protocols: [h2]}'],
    { applicationProtocols: ['h2', 'http/1.1'] },
    '1',
  ],
  [
    'an unknown protocol falls to chains for any',
    ['{application_protocols: [h2]}', '{}'],
    { applicationProtocols: ['x'] },
    '1',
  ],
  [
    'the direct source is the peer of the socket',
    [
      '{direct_source_prefix_ranges: [{address_prefix: 192.168.0.0, prefix_len: 16}]}',
      '{direct_source_prefix_ranges: [{address_prefix: 1.0.0.0, prefix_len: 8}]}',
    ],
    { sourceIp: '1.2.3.4' },
    '0',
  ],
  [
    'a loopback client is local',
    ['{source_type: EXTERNAL}', '{source_type: SAME_IP_OR_LOOPBACK}'],
    { sourceIp: '127.0.0.1' },
    '1',
  ],
  [
    '127.0.0.2 is not',
    ['{source_type: EXTERNAL}', '{source_type: SAME_IP_OR_LOOPBACK}'],
    { sourceIp: '127.0.0.2' },
    '0',
  ],
  [
    'a client on the same address is local',
    ['{source_type: EXTERNAL}', '{source_type: SAME_IP_OR_LOOPBACK}'],
    { sourceIp: '10.0.0.1' },
    '1',
  ],
  ['a Unix client is local', ['{source_type: EXTERNAL}', '{source_type: SAME_IP_OR_LOOPBACK}'], { sourceIp: '' }, '1'],
  ['external beats any', ['{}', '{source_type: EXTERNAL}'], {}, '1'],
  [
    'the longest source prefix wins over a port',
    ['{source_prefix_ranges: [{address_prefix: 192.168.1.1, prefix_len: 32}]}', '{source_ports: [50000]}'],
    {},
    '0',
  ],
  ['a source port beats none', ['{}', '{source_ports: [1, 50000]}'], {}, '1'],
];

describe('the filter chain table', () => {
  for (const [title, matches, facts, wanted] of rows)
    it(`says: ${title}`, () => {
      assert.equal(choose(matches, facts), wanted);
    });

  it('falls to the default chain where no other is left', () => {
    const { config } = decode(
      ['{destination_port: 443, server_names: [a]}'],
      `, default_filter_chain: {name: d, ${FILTER}}`,
    );
    assert.ok(config);
    assert.equal(new FilterChainTable(config.chains, config.defaultChain).find(FACTS)?.name, 'd');
  });

  it('refuses chains of which one would never be used, and matches it does not know', () => {
    const refusals: [readonly string[], RegExp][] = [
      [['{}', '{}'], /multiple filter chains with overlapping matching rules/],
      [['{server_names: [a, b]}', '{server_names: [b]}'], /the same as filter chain 0 \("0"\)/],
      [['{server_names: [A]}', '{server_names: [a]}'], /overlapping/],
      [
        [
          '{prefix_ranges: [{address_prefix: 10.0.0.1, prefix_len: 8}]}',
          '{prefix_ranges: [{address_prefix: 10.9.9.9, prefix_len: 8}]}',
        ],
        /overlapping/,
      ],
      [['{server_names: [a, a]}'], /asks for the same twice/],
      [['{server_names: ["*a.com"]}'], /partial wildcards are not supported in "server_names"/],
      [['{server_names: ["*"]}'], /partial wildcards/],
      [['{server_names: ["a.*.com"]}'], /partial wildcards/],
      [['{address_suffix: 1.2.3.4}'], /neither Envoy nor Weft/],
      [['{suffix_len: 8}'], /neither Envoy nor Weft/],
    ];
    for (const [matches, message] of refusals) assert.match(decode(matches).faults[0]?.message ?? '', message);
  });
});
