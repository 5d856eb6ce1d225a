/** What a command answers. Maps, nulls and the like look different in the two versions of the protocol. */
export type Reply =
  | { readonly kind: 'status' | 'error'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'bulk'; readonly bytes: Buffer }
  | { readonly kind: 'verbatim'; readonly text: string }
  | { readonly kind: 'null' }
  | { readonly kind: 'array'; readonly items: readonly Reply[] }
  | { readonly kind: 'map'; readonly pairs: readonly (readonly [Reply, Reply])[] };

/** The version of the protocol that a connection speaks: 2 until HELLO asks for 3. */
export type Protocol = 2 | 3;

export const OK: Reply = { kind: 'status', text: 'OK' };
export const NULL: Reply = { kind: 'null' };

export function bulk(text: string | Buffer): Reply {
  return { kind: 'bulk', bytes: typeof text === 'string' ? Buffer.from(text) : text };
}

export function integer(value: number): Reply {
  return { kind: 'integer', value };
}

/** `text` begins with a word in capitals that clients look at, mostly `ERR`. */
export function error(text: string): Reply {
  return { kind: 'error', text: text.replaceAll(/[\r\n]+/g, ' ') };
}

export function array(items: readonly Reply[]): Reply {
  return { kind: 'array', items };
}

/** The bytes of a reply. RESP2 has no maps and no verbatim strings: they become arrays and bulk strings. */
export function encodeReply(reply: Reply, protocol: Protocol): Buffer {
  const parts: Buffer[] = [];
  write(reply, protocol, (part) => parts.push(typeof part === 'string' ? Buffer.from(part) : part));
  return Buffer.concat(parts);
}

function write(reply: Reply, protocol: Protocol, put: (part: string | Buffer) => void): void {
  switch (reply.kind) {
    case 'status':
      return put(`+${reply.text}\r\n`);
    case 'error':
      return put(`-${reply.text}\r\n`);
    case 'integer':
      return put(`:${reply.value}\r\n`);
    case 'null':
      return put(protocol === 3 ? '_\r\n' : '$-1\r\n');
    case 'bulk':
      put(`$${reply.bytes.length}\r\n`);
      put(reply.bytes);
      return put('\r\n');
    case 'verbatim': {
      const text = protocol === 3 ? `txt:${reply.text}` : reply.text;
      return put(`${protocol === 3 ? '=' : '$'}${Buffer.byteLength(text)}\r\n${text}\r\n`);
    }
    case 'array':
      put(`*${reply.items.length}\r\n`);
      for (const item of reply.items) write(item, protocol, put);
      return;
    case 'map':
      put(protocol === 3 ? `%${reply.pairs.length}\r\n` : `*${reply.pairs.length * 2}\r\n`);
      for (const item of reply.pairs.flat()) write(item, protocol, put);
  }
}
