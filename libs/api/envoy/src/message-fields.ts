import { isFieldSet, type DescField, type Message } from '@bufbuild/protobuf';

/** A field's value as the library holds it; undefined for a oneof's member that is not the one set. */
export function fieldValue(message: Message, field: DescField): unknown {
  const fields = message as unknown as Readonly<Record<string, unknown>>;
  if (field.oneof === undefined) return fields[field.localName];
  const oneof = fields[field.oneof.localName] as { readonly case?: string; readonly value?: unknown };
  return oneof.case === field.localName ? oneof.value : undefined;
}

/** A message, list or map is set if there is something in it, a scalar with presence if it was given, others if not zero. */
export function isSet(message: Message, field: DescField): boolean {
  return isFieldSet(message, field);
}

/** The messages in a field, each with the segments of its path below the field's name. Scalars and JSON maps hold none. */
export function messagesIn(
  value: unknown,
  field: DescField,
): (readonly [path: readonly (string | number)[], message: Message])[] {
  if (field.message === undefined || value === undefined) return [];
  if (field.fieldKind === 'list')
    return (value as unknown[]).flatMap((item, i) => (isMessage(item) ? [[[i], item] as const] : []));
  if (field.fieldKind === 'map')
    return Object.entries(value as object).flatMap(([key, item]) =>
      isMessage(item) ? [[[key], item as Message] as const] : [],
    );
  return isMessage(value) ? [[[], value]] : [];
}

/** Wrappers and Structs are held as plain values in most places. */
function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && '$typeName' in value;
}
