import type { AdminReply, AdminSource, Awaitable, Json } from './admin-source.ts';

/** A regular expression of RE2 syntax, found anywhere in a text; a sentence for a faulty one. */
export type RegexCompiler = (source: string) => { test(text: string): boolean } | string;

/** What a request to an endpoint brings. */
export interface AdminRequest {
  /** Of the query, or of a form in the body where there is no query. */
  readonly params: URLSearchParams;
  readonly compile: RegexCompiler;
}

export interface EndpointParameter {
  readonly name: string;
  readonly description: string;
  /** `flag`: present or not, without a value; a list: one of these; else free text. */
  readonly values: 'flag' | 'text' | readonly string[];
  /** What a text could be, short: shown in the empty field of the index page. */
  readonly example?: string;
}

/** The headings of the index page. */
export type EndpointGroup = 'Overview' | 'Statistics' | 'Configuration' | 'Life cycle';

export interface Endpoint {
  readonly path: string;
  readonly group: EndpointGroup;
  readonly description: string;
  /** True for what changes something: only POST may do that. */
  readonly mutates: boolean;
  readonly parameters: readonly EndpointParameter[];
  handle(source: AdminSource, request: AdminRequest): Awaitable<AdminReply>;
  /** Called once the reply was handed to the socket. */
  afterReply?(source: AdminSource): void;
}

export const TEXT = 'text/plain; charset=UTF-8';
export const JSON_TYPE = 'application/json';

export function textReply(body: string, status = 200): AdminReply {
  return { status, contentType: TEXT, body };
}

/** JSON as Envoy prints protobuf messages: a space for each level. */
export function jsonReply(value: Json): AdminReply {
  return { status: 200, contentType: JSON_TYPE, body: `${JSON.stringify(value, null, 1)}\n` };
}
