import { WireBytes, type StreamInfo } from '@weft/core-http';
import type { LogFormat, JsonNode } from './formatter.ts';
import type { FormatPart } from './format-parser.ts';

const NONE = new WireBytes();

/** What the stream cost on the client's connection. Connections of plain bytes have nothing else on them. */
export function downstreamBytes(info: StreamInfo): Readonly<WireBytes> {
  if (info.downstreamBytes !== undefined) return info.downstreamBytes;
  return info.protocol === '' ? plainBytes(info.bytesSent, info.bytesReceived) : NONE;
}

/** What it cost on connections to upstreams, all attempts together. */
export function upstreamBytes(info: StreamInfo): Readonly<WireBytes> {
  if (info.upstreamBytes !== undefined) return info.upstreamBytes;
  const joined = info.protocol === '' && info.upstreamConnection !== undefined;
  return joined ? plainBytes(info.bytesReceived, info.bytesSent) : NONE;
}

function plainBytes(sent: number, received: number): WireBytes {
  return Object.assign(new WireBytes(), { sent, received });
}

const COUNTED = /(?:WIRE|HEADER)_BYTES_(?:SENT|RECEIVED)/;

/** True where a format tells what streams cost on the wire: only then codecs need to count. */
export function formatCountsBytes(format: LogFormat): boolean {
  return format.kind === 'text' ? format.parts.some(tells) : nodeTells(format.root);
}

function nodeTells(node: JsonNode): boolean {
  switch (node.kind) {
    case 'literal':
      return false;
    case 'format':
      return node.parts.some(tells);
    case 'list':
      return node.items.some(nodeTells);
    case 'object':
      return node.fields.some(([, inner]) => nodeTells(inner));
  }
}

function tells(part: FormatPart): boolean {
  return part.kind === 'operator' && (COUNTED.test(part.name) || COUNTED.test(part.argument));
}
