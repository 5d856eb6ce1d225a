import { mergeFromBinary, toBinary } from '@bufbuild/protobuf';
import {
  DecodeContext,
  loadConfig,
  registry,
  reportUnsupported,
  validateMessage,
  type Fault,
  type SourceMap,
} from '@weft/api-envoy';
import type { Bootstrap } from '@weft/api-envoy/gen/envoy/config/bootstrap/v3/bootstrap_pb';
import { readFileSync } from 'node:fs';
import type { ProxyOptions } from './options.ts';
import { checkUnread } from './check-unread.ts';
import { supported } from './support.ts';

const TYPE_NAME = 'envoy.config.bootstrap.v3.Bootstrap';

/** A bootstrap as read, checked against the API and not yet decoded. */
export interface LoadedBootstrap {
  /** Where values could not be read, what is left without them, so that its decoders tell their faults too. */
  readonly message: Bootstrap | undefined;
  /** For the decoders: carries the faults and warnings found so far, and the places of values. */
  readonly cx: DecodeContext;
  /** Paths of the values that could not be read. */
  readonly unread: readonly string[];
  readonly source: SourceMap;
}

const UNREADABLE: Readonly<Record<string, string>> = { ENOENT: 'there is no such file', EISDIR: 'is a directory' };

/** Reads the bootstrap that the flags name: the file, and the YAML in place merged over it as protobuf merges messages. */
export function loadBootstrap(options: ProxyOptions): LoadedBootstrap {
  const parts: Part[] = [];
  const unreadable: Fault[] = [];
  if (options.configPath !== '') {
    try {
      parts.push(readPart(readFileSync(options.configPath, 'utf8'), options.configPath));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      unreadable.push({
        path: '',
        file: options.configPath,
        message: UNREADABLE[code ?? ''] ?? message,
      });
    }
  }
  if (options.configYaml !== '') parts.push(readPart(options.configYaml, '--config-yaml'));
  const faults = [...unreadable, ...parts.flatMap((part) => part.faults)];
  const warnings = parts.flatMap((part) => part.warnings);
  const source = placesOf(parts);
  const cx = new DecodeContext(source, { faults, warnings, judging: options.mode === 'validate' });
  const unread = faults.map(({ path }) => path);
  const message = unreadable.length > 0 ? undefined : merge(parts);
  if (message === undefined) return { message, cx, unread, source };
  validateMessage(message, cx);
  reportUnsupported(message, supported, cx, checkUnread);
  return { message, cx, unread, source };
}

interface Part {
  readonly message: Bootstrap | undefined;
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
  readonly source: SourceMap;
}

function readPart(text: string, file: string): Part {
  const loaded = loadConfig({ text, file, typeName: TYPE_NAME, support: supported });
  return { ...loaded, message: (loaded.message ?? loaded.readable) as Bootstrap | undefined };
}

function merge(parts: readonly Part[]): Bootstrap | undefined {
  const [first, ...rest] = parts;
  const schema = registry().getMessage(TYPE_NAME)!;
  for (const part of rest) {
    if (first?.message === undefined || part.message === undefined) return undefined;
    mergeFromBinary(schema, first.message, toBinary(schema, part.message));
  }
  return first?.message;
}

/** With one part, its own places. Merged parts share indexes, so a place is only certain in a part that has the path. */
function placesOf(parts: readonly Part[]): SourceMap {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first.source;
  return { file: parts.map((part) => part.source.file).join(' + '), position: () => undefined };
}
