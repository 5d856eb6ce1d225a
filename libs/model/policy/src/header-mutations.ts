import type { HeaderMap } from '@weft/core-http';
import type { FormatContext, HeaderFormat } from './header-format.ts';

/** Source: envoy.config.core.v3.HeaderValueOption.HeaderAppendAction. */
export type AppendAction =
  'APPEND_IF_EXISTS_OR_ADD' | 'ADD_IF_ABSENT' | 'OVERWRITE_IF_EXISTS_OR_ADD' | 'OVERWRITE_IF_EXISTS';

export interface HeaderAddition {
  /** In lower case. */
  readonly name: string;
  readonly value: HeaderFormat;
  readonly action: AppendAction;
  /** An empty value is set, rather than left out. */
  readonly keepEmpty: boolean;
}

/** What one level (route, virtual host …) does to headers. */
export interface HeaderMutation {
  readonly remove: readonly string[];
  readonly add: readonly HeaderAddition[];
}

/** The mutations of all levels that speak of a request, in the order in which they are made. */
export type HeaderMutations = readonly HeaderMutation[];

/**
 * Changes `headers`. On each level removals come first, then overwriting, then adding; the values of one level are all
 * taken from the headers as that level found them. Source: Envoy's HeaderParser.
 */
export function applyMutations(mutations: HeaderMutations, headers: HeaderMap, cx: FormatContext): void {
  for (const { remove, add } of mutations) {
    for (const name of remove) headers.remove(name);
    if (add.length === 1) applyOne(add[0] as HeaderAddition, headers, cx);
    else if (add.length > 1) applyAll(add, headers, cx);
  }
}

function applyOne(addition: HeaderAddition, headers: HeaderMap, cx: FormatContext): void {
  const { name, value, action, keepEmpty } = addition;
  const text = value.evaluate(cx);
  if (text === '' && !keepEmpty) return;
  if (action === 'APPEND_IF_EXISTS_OR_ADD') headers.add(name, text);
  else if (action === 'OVERWRITE_IF_EXISTS_OR_ADD') headers.set(name, text);
  else if (headers.has(name) === (action === 'OVERWRITE_IF_EXISTS')) headers.set(name, text);
}

function applyAll(add: readonly HeaderAddition[], headers: HeaderMap, cx: FormatContext): void {
  const overwrites: string[] = [];
  const additions: string[] = [];
  for (const { name, value, action, keepEmpty } of add) {
    const text = value.evaluate(cx);
    if (text === '' && !keepEmpty) continue;
    if (action === 'APPEND_IF_EXISTS_OR_ADD') additions.push(name, text);
    else if (action === 'OVERWRITE_IF_EXISTS_OR_ADD') overwrites.push(name, text);
    else if (action === 'ADD_IF_ABSENT' && !headers.has(name)) additions.push(name, text);
    else if (action === 'OVERWRITE_IF_EXISTS' && headers.has(name)) overwrites.push(name, text);
  }
  for (let i = 0; i < overwrites.length; i += 2) headers.set(overwrites[i] as string, overwrites[i + 1] as string);
  for (let i = 0; i < additions.length; i += 2) headers.add(additions[i] as string, additions[i + 1] as string);
}
