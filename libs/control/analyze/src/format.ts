import type { ObjectRef } from '@weft/control-mesh';
import { stringify } from 'yaml';
import { CODES } from './codes.ts';
import type { Message } from './message.ts';

export type OutputFormat = 'log' | 'json' | 'yaml';

/** `Warning [IST0118] (Service videos-db.default file.yaml:12) …`, as `istioctl analyze` writes it. */
export function formatMessage({ code, level, ref, file, line, text, hint }: Message): string {
  const subject = ref === undefined ? '' : `${ref.kind} ${resourceName(ref)} `;
  const sentence = hint === undefined ? text : `${text}${/[.?]$/.test(text) ? '' : ';'} ${upperFirst(hint, text)}`;
  return `${level} [${code}] (${subject}${file}:${line}) ${sentence}${/[.?]$/.test(sentence) ? '' : '.'}`;
}

/** All messages in one of the formats, with a line end; nothing for none in the text format. */
export function formatMessages(messages: readonly Message[], format: OutputFormat): string {
  if (format === 'log') return messages.map((message) => `${formatMessage(message)}\n`).join('');
  const records = messages.map(recordOf);
  return format === 'json' ? `${JSON.stringify(records, undefined, 2)}\n` : stringify(records, { lineWidth: 0 });
}

function recordOf({ code, level, ref, file, line, column, path, text, hint }: Message) {
  return {
    code,
    name: CODES[code].name,
    level,
    message: text,
    ...(hint === undefined ? {} : { hint }),
    ...(ref === undefined ? {} : { origin: `${ref.kind} ${resourceName(ref)}` }),
    reference: `${file}:${line}`,
    file,
    line,
    column,
    path,
  };
}

function resourceName({ namespace, name }: ObjectRef): string {
  return namespace === '' ? name : `${name}.${namespace}`;
}

/** What to do begins a sentence of its own where the text before it is one. */
function upperFirst(hint: string, text: string): string {
  return /[.?]$/.test(text) ? `${hint.charAt(0).toUpperCase()}${hint.slice(1)}` : hint;
}
