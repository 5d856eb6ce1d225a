import type { HeaderSpelling } from '@weft/core-http';

/**
 * How field names are written. `lower_case` is the default; `proper_case_words` writes `Content-Type`; `preserve_case`
 * writes names as the peer of the other side did.
 * Source: Http1ProtocolOptions.HeaderKeyFormat, PreserveCaseFormatterConfig.
 */
export type HeaderKeyFormat = 'lower_case' | 'proper_case_words' | PreserveCase;

export interface PreserveCase {
  /** The reason phrase of a response is passed on as well. */
  readonly forwardReasonPhrase: boolean;
  /** How names are written that no peer spelled (formatter_type_on_envoy_headers). */
  readonly otherNames: 'lower_case' | 'proper_case_words';
}

/** Names that were put into proper case before; a bound, for names may come from anywhere. */
const MAX_CACHED = 1024;
const cached = new Map<string, string>();

/** `content-type` as `Content-Type`: the first character, and each behind one that is no letter or digit, is a capital. */
export function properCase(name: string): string {
  let proper = cached.get(name);
  if (proper === undefined) {
    proper = name.replace(
      /(^|[^A-Za-z0-9])([a-z])/g,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    );
    if (cached.size < MAX_CACHED) cached.set(name, proper);
  }
  return proper;
}

const PROPER_CASE: HeaderSpelling = { spell: properCase, reasonPhrase: '' };

/** How a codec with this format writes names of maps that bring no spelling of their own. */
export function spellingOf(format: HeaderKeyFormat): HeaderSpelling | undefined {
  return format === 'proper_case_words' ? PROPER_CASE : undefined;
}

/** What one message's peer wrote: where a name came in several spellings, the first counts. */
export class PreservedSpelling implements HeaderSpelling {
  reasonPhrase = '';
  private readonly properCase: boolean;
  private readonly originals = new Map<string, string>();

  constructor(format: PreserveCase) {
    this.properCase = format.otherNames === 'proper_case_words';
  }

  /** @param original as it came, in any case. */
  remember(original: string): void {
    const name = original.toLowerCase();
    if (!this.originals.has(name)) this.originals.set(name, original);
  }

  spell(name: string): string {
    return this.originals.get(name) ?? (this.properCase ? properCase(name) : name);
  }
}

/** The head of `text`, a whole message, with its names spelled. For the few messages that codecs make themselves. */
export function spellHead(text: string, spelling: HeaderSpelling | undefined): string {
  if (spelling === undefined) return text;
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, end).replace(/(?<=\r\n)[^\r:]+(?=:)/g, (name) => spelling.spell(name));
  return head + text.slice(end);
}
