import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { HeaderValueOption } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import { decodeHeaderFormat } from './header-format.decode.ts';
import type { AppendAction, HeaderAddition, HeaderMutation } from './header-mutations.ts';

export const headerMutationSupport: FieldSupport = {
  'envoy.config.core.v3.HeaderValueOption': ['header', 'append', 'append_action', 'keep_empty_value'],
  'envoy.config.core.v3.HeaderValue': ['key', 'value', 'raw_value'],
};

/** Envoy's enum by number. */
const ACTIONS: readonly AppendAction[] = [
  'APPEND_IF_EXISTS_OR_ADD',
  'ADD_IF_ABSENT',
  'OVERWRITE_IF_EXISTS_OR_ADD',
  'OVERWRITE_IF_EXISTS',
];

/** The fields of one level: `<direction>_headers_to_add` and `<direction>_headers_to_remove`. */
export interface HeaderMutationFields {
  readonly direction: 'request' | 'response';
  readonly add: readonly HeaderValueOption[];
  readonly remove: readonly string[];
}

export function decodeHeaderMutation(fields: HeaderMutationFields, cx: DecodeContext): HeaderMutation {
  const { direction, add, remove } = fields;
  const removeAt = cx.at(`${direction}_headers_to_remove`);
  const addAt = cx.at(`${direction}_headers_to_add`);
  return {
    remove: remove.flatMap((name, i) => modifiable(name, removeAt.at(i)) ?? []),
    add: add.flatMap((option, i) => decodeAddition(option, addAt.at(i)) ?? []),
  };
}

export function decodeAddition(option: HeaderValueOption, cx: DecodeContext): HeaderAddition | undefined {
  const { header } = option;
  if (header === undefined) {
    cx.at('header').error('is missing');
    return undefined;
  }
  const name = modifiable(header.key, cx.at('header', 'key'));
  const raw = header.rawValue.length > 0;
  const text = raw ? new TextDecoder().decode(header.rawValue) : header.value;
  const value = decodeHeaderFormat(text, cx.at('header', raw ? 'raw_value' : 'value'));
  if (name === undefined || value === undefined) return undefined;
  let action = ACTIONS[option.appendAction] as AppendAction;
  // `append` came before `append_action`, and still decides where it is set.
  if (option.append !== undefined) action = option.append ? 'APPEND_IF_EXISTS_OR_ADD' : 'OVERWRITE_IF_EXISTS_OR_ADD';
  return { name, value, action, keepEmpty: option.keepEmptyValue };
}

function modifiable(key: string, cx: DecodeContext): string | undefined {
  const name = key.toLowerCase();
  if (!name.startsWith(':') && name !== 'host') return name;
  cx.error(`"${key}" cannot be changed here`, { expected: 'a header that is neither host nor begins with ":"' });
  return undefined;
}
