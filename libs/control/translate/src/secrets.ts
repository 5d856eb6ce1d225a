import { isMessage, type Message } from '@bufbuild/protobuf';
import type { SdsSecretConfig } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { DecodeContext, sourceNamed } from '@weft/api-envoy';

const SDS = 'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig';
const ANY = 'google.protobuf.Any';

const namesOf = new WeakMap<Message, ReadonlySet<string>>();

/** The names of all secrets that messages ask the control plane for, in order; those of the agent are not among them. */
export function secretNames(messages: readonly Message[]): string[] {
  const names = new Set<string>();
  for (const message of messages) for (const name of namesIn(message)) names.add(name);
  return [...names].sort();
}

/** Messages are never edited, and many proxies share them. */
function namesIn(message: Message): ReadonlySet<string> {
  let names = namesOf.get(message);
  if (names === undefined) {
    const found = new Set<string>();
    collect(message, found);
    namesOf.set(message, (names = found));
  }
  return names;
}

function collect(value: unknown, names: Set<string>): void {
  if (Array.isArray(value)) {
    for (const one of value) collect(one, names);
    return;
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if (isMessage(value)) {
    if (value.$typeName === SDS) {
      const { name, sdsConfig } = value as SdsSecretConfig;
      if (sdsConfig?.configSourceSpecifier.case === 'ads') names.add(name);
    }
    if (value.$typeName === ANY) {
      collect(new DecodeContext(sourceNamed('')).unpack(value as never), names);
      return;
    }
  }
  for (const inner of Object.values(value)) collect(inner, names);
}
