import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext } from '@weft/api-envoy';
import { compileRe2 } from '@weft/model-match';
import { existsSync } from 'node:fs';

/** Fields of a message as the library holds them. */
type Fields = Readonly<Record<string, unknown>>;

/**
 * What Envoy would refuse in messages that Weft does not read yet: expressions that do not compile, files that are not there.
 * So `--mode validate` says no where Envoy does, and a proxy that later reads them finds nothing new. By message type.
 */
const CHECKS: Readonly<Record<string, (message: Fields, cx: DecodeContext) => void>> = {
  'envoy.type.matcher.v3.RegexMatcher': checkRegex,
  'envoy.config.core.v3.DataSource': checkDataSource,
  'envoy.extensions.geoip_providers.maxmind.v3.MaxMindConfig': checkDatabases,
  'envoy.extensions.filters.http.lua.v3.Lua': checkLua,
  'envoy.extensions.filters.http.lua.v3.LuaPerRoute': checkLua,
};

/** For `reportUnsupported`. Faults go to `cx`. */
export function checkUnread(message: Message, cx: DecodeContext): void {
  CHECKS[message.$typeName]?.(message as unknown as Fields, cx);
}

function checkRegex({ regex }: Fields, cx: DecodeContext): void {
  const compiled = compileRe2(String(regex));
  if ('fault' in compiled) cx.at('regex').error(compiled.fault);
}

function checkDataSource({ specifier }: Fields, cx: DecodeContext): void {
  const { case: kind, value } = specifier as { readonly case?: string; readonly value?: string };
  if (kind === 'filename') requireFile(String(value), cx.at('filename'));
}

const DATABASES = [
  ['city_db_path', 'cityDbPath'],
  ['asn_db_path', 'asnDbPath'],
  ['anon_db_path', 'anonDbPath'],
  ['isp_db_path', 'ispDbPath'],
  ['country_db_path', 'countryDbPath'],
] as const;

function checkDatabases(message: Fields, cx: DecodeContext): void {
  for (const [name, local] of DATABASES) {
    const path = message[local];
    if (typeof path === 'string' && path !== '') requireFile(path, cx.at(name));
  }
}

function requireFile(path: string, cx: DecodeContext): void {
  if (!existsSync(path)) cx.error(`"${path}" does not exist`, { expected: 'a file that can be read' });
}

/** Where LuaJIT looks for a module, `?` being its name with slashes. Source: LuaJIT's default package.path and package.cpath. */
const LUA_PLACES = [
  './?.lua',
  '/usr/local/share/luajit-2.1/?.lua',
  '/usr/local/share/lua/5.1/?.lua',
  '/usr/local/share/lua/5.1/?/init.lua',
  './?.so',
  '/usr/local/lib/lua/5.1/?.so',
] as const;

/** Scripts run once when they are loaded, so a module that is required at their top and not there ends it. */
function checkLua(message: Fields, cx: DecodeContext): void {
  const scripts = [
    ['default_source_code', message['defaultSourceCode']],
    ['source_code', message['sourceCode'] ?? (message['override'] as { readonly value?: unknown } | undefined)?.value],
  ] as const;
  for (const [field, source] of scripts) {
    const specifier = (source as Fields | undefined)?.['specifier'] as { case?: string; value?: string } | undefined;
    if (specifier?.case !== 'inlineString') continue;
    for (const [, name = ''] of (specifier.value ?? '').matchAll(
      /^(?:local\s+\w+\s*=\s*)?require\s*\(?\s*["']([\w.]+)["']/gm,
    )) {
      const path = name.replaceAll('.', '/');
      if (!LUA_PLACES.some((place) => existsSync(place.replace('?', path))))
        cx.at(field, 'inline_string').error(`module "${name}" does not exist`, { expected: LUA_PLACES.join(', ') });
    }
  }
}
