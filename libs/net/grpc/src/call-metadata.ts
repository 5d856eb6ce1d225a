import { Metadata } from '@grpc/grpc-js';
import type { GrpcMetadata } from '@weft/core-grpc';

/** `-bin` values are base64 on our side, as on the wire, and octets on the library's. */
export function toLibrary(metadata: GrpcMetadata): Metadata {
  const made = new Metadata();
  for (const [name, value] of metadata) made.add(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
  return made;
}

export function fromLibrary(metadata: Metadata): GrpcMetadata {
  return Object.keys(metadata.getMap()).flatMap((name) =>
    metadata.get(name).map((value) => [name, typeof value === 'string' ? value : value.toString('base64')] as const),
  );
}
