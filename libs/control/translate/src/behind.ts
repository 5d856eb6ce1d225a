import type { ObjectRef } from '@weft/control-mesh';

const documents = new WeakMap<object, readonly ObjectRef[]>();

/** Notes which documents a message, or what one is made of, comes from, for whoever finds a fault in it. */
export function from<T extends object>(made: T, refs: readonly ObjectRef[]): T {
  if (refs.length > 0) documents.set(made, refs);
  return made;
}

/** What `from` noted; empty: nothing of a document is in it, or nobody noted it. */
export function behind(made: object | undefined): readonly ObjectRef[] {
  return (made && documents.get(made)) ?? [];
}
