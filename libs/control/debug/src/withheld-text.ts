import { refText } from '@weft/control-mesh';
import type { WithheldPart } from './debug-source.ts';

/** `Cluster "a": circuit_breakers.thresholds[0].max_connections is -1. It stays as it was. Behind it: DestinationRule default/a.` */
export function withheldText({ typeUrl, name, path, message, outcome, documents }: WithheldPart): string {
  const what = typeUrl === '' ? 'the new configuration' : `${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} "${name}":`;
  const whose = documents.length === 0 ? '' : ` Behind it: ${documents.map(refText).join(', ')}.`;
  return `${what} ${path === '' ? '' : `${path} `}${message}. ${outcome}${whose}`;
}
