import { CR, FIELD_VALUE, HTAB, SP, TOKEN_LOWER } from './chars.ts';

// name-start -> name -> (after-name | value-start); value-start -> (value | quoted); quoted <-> escaped; (name | value | after)
// -> name-start at every semicolon. The line may end after a name, a value or a quoted string, not after white space.
type State =
  | 'after-size'
  | 'name-start'
  | 'name'
  | 'after-name'
  | 'value-start'
  | 'value'
  | 'quoted'
  | 'escaped'
  | 'closed'
  | 'after';

const SEMICOLON = 59;
const EQUALS = 61;
const QUOTE = 34;
const BACKSLASH = 92;

/**
 * Checks chunk extensions (RFC 9112 section 7.1.1) octet by octet. They mean nothing to a proxy, but parsers that skip
 * them in different ways see different chunks, so what is not well formed is refused.
 */
export class ChunkExtensions {
  private state: State = 'after-size';

  /** Stands behind a chunk size. */
  start(): void {
    this.state = 'after-size';
  }

  /** Takes one octet: `end` at the CR that ends the line. */
  take(octet: number): 'more' | 'end' | 'fault' {
    const { state } = this;
    if (state === 'quoted' || state === 'escaped') return this.quoted(octet);
    if (octet === CR) return this.mayEnd() ? 'end' : 'fault';
    if (octet === SP || octet === HTAB) return this.space();
    if (octet === SEMICOLON) return this.semicolon();
    if (octet === EQUALS) return state === 'name' || state === 'after-name' ? this.enter('value-start') : 'fault';
    if (octet === QUOTE) return state === 'value-start' ? this.enter('quoted') : 'fault';
    if (TOKEN_LOWER[octet] === 0) return 'fault';
    if (state === 'name-start' || state === 'name') return this.enter('name');
    return state === 'value-start' || state === 'value' ? this.enter('value') : 'fault';
  }

  private quoted(octet: number): 'more' | 'fault' {
    if (FIELD_VALUE[octet] === 0) return 'fault';
    if (this.state === 'escaped') return this.enter('quoted');
    if (octet === BACKSLASH) return this.enter('escaped');
    return octet === QUOTE ? this.enter('closed') : 'more';
  }

  private mayEnd(): boolean {
    const { state } = this;
    return state === 'after-size' || state === 'name' || state === 'value' || state === 'closed';
  }

  private space(): 'more' | 'fault' {
    switch (this.state) {
      case 'name':
        return this.enter('after-name');
      case 'after-size':
      case 'value':
      case 'closed':
        return this.enter('after');
      default:
        // Before a name, around `=` and before `;` white space is allowed, though bad (RFC 9110 section 5.6.3).
        return 'more';
    }
  }

  private semicolon(): 'more' | 'fault' {
    return this.state === 'name-start' || this.state === 'value-start' ? 'fault' : this.enter('name-start');
  }

  private enter(state: State): 'more' {
    this.state = state;
    return 'more';
  }
}
