import type { JsonValue } from '@bufbuild/protobuf';
import type { Origins } from '@weft/control-debug';
import { nearest } from '@weft/core-config-text';
import { readDump, type ConfigDump } from './config-dump.ts';
import { CliError, EXIT, type CliIo } from './cli-io.ts';
import type { CommandLine } from './command-line.ts';
import { controlPlane, HttpClient } from './control-plane-client.ts';
import { print } from './output.ts';
import {
  clusterRows,
  endpointRows,
  listenerRows,
  routeRows,
  secretRows,
  type ConfigRows,
  type RowFilter,
} from './proxy-config-rows.ts';
import { table } from './table.ts';
import { COMMON_OPTIONS, NAMESPACE_OPTION, type Verb } from './verb.ts';

type Reader = (dump: ConfigDump, filter: RowFilter, origins: Origins, nowMs: number) => ConfigRows;

const KINDS: Readonly<Record<string, Reader>> = {
  listeners: listenerRows,
  clusters: clusterRows,
  routes: routeRows,
  endpoints: endpointRows,
  secrets: secretRows,
};

const NONE: Origins = { clusters: {}, virtualHosts: {} };

export const proxyConfig: Verb = {
  spec: {
    name: 'proxy-config',
    takes: [Object.keys(KINDS).join('|'), '[PROXY]'],
    summary: 'show what a proxy is told: its listeners, clusters, routes, endpoints or secrets',
    about: [
      "The control plane's own dump is read, which is what PROXY (NAME, NAME.NAMESPACE or a node id) is to have.",
      'With --admin the proxy itself is asked, which also tells what comes from its bootstrap, and certificates.',
      "JSON and YAML are Envoy's own resources.",
    ],
    options: {
      ...COMMON_OPTIONS,
      namespace: NAMESPACE_OPTION,
      admin: { value: 'URL', help: "ask the proxy's admin server instead; PROXY is not needed then" },
      fqdn: { value: 'HOST', help: 'only this host, or what it is part of' },
      port: { value: 'PORT', help: 'only this port', number: true },
      direction: { value: 'WAY', help: 'only inbound or outbound', oneOf: ['inbound', 'outbound'] },
      subset: { value: 'SUBSET', help: 'clusters: only this subset' },
      name: { value: 'NAME', help: 'only the resource of this name' },
    },
    examples: [
      'weft proxy-config clusters playlists-api-1 --fqdn videos-api --direction outbound',
      'weft proxy-config routes playlists-api-1 -o json',
      'weft proxy-config secrets --admin http://127.0.0.1:15000',
    ],
  },
  run: async (line, io) => {
    const [wanted = '', name] = line.args;
    const proxy = name === undefined ? undefined : line.qualified(name);
    const kind = kindOf(wanted);
    const { dump, origins } = await ask(line, io, proxy);
    const filter: RowFilter = {
      fqdn: line.text('fqdn'),
      port: line.text('port'),
      direction: line.text('direction'),
      name: line.text('name'),
      subset: line.text('subset'),
    };
    const { head, rows } = kind.read(dump, filter, origins, io.wallMs());
    const resources = [...new Set(rows.map(({ resource }) => resource))];
    print(io, line, resources, () => {
      if (rows.length > 0)
        return table(
          head,
          rows.map(({ cells }) => cells),
        );
      const narrowed = Object.values(filter).some((value) => value !== '');
      const keys =
        kind.name === 'secrets' && line.text('admin') === ''
          ? ' The control plane has no keys of workloads: --admin URL asks the proxy itself.'
          : '';
      return `There are no ${kind.name}${narrowed ? ' that the filters leave' : ''}.${keys}\n`;
    });
    return EXIT.done;
  },
};

/** `cluster`, `clusters`, and shorter. */
function kindOf(wanted: string): { readonly name: string; readonly read: Reader } {
  const names = Object.keys(KINDS);
  const name = names.find((one) => one === wanted || one === `${wanted}s` || (wanted !== '' && one.startsWith(wanted)));
  const read = name === undefined ? undefined : KINDS[name];
  if (name !== undefined && read !== undefined) return { name, read };
  const suggestion = nearest(wanted, names);
  const hint = suggestion === undefined ? `there are ${names.join(', ')}` : `did you mean ${suggestion}?`;
  throw new CliError(`a proxy has no "${wanted}"`, EXIT.misuse, hint);
}

async function ask(
  line: CommandLine,
  io: CliIo,
  proxy: string | undefined,
): Promise<{ readonly dump: ConfigDump; readonly origins: Origins }> {
  const admin = line.text('admin');
  if (admin !== '') {
    const json = await new HttpClient(io, admin, 'the proxy').get<JsonValue>('/config_dump', { include_eds: '' });
    return { dump: readDump(json), origins: NONE };
  }
  if (proxy === undefined)
    throw new CliError('PROXY missing', EXIT.misuse, 'weft proxy-status lists them; --admin URL asks a proxy itself');
  const client = controlPlane(io, line);
  const dump = readDump(await client.get<JsonValue>('/debug/config_dump', { proxyID: proxy }));
  return { dump, origins: await client.get<Origins>('/debug/origins', { proxyID: proxy }) };
}
