import type { Json, JsonObject } from './admin-source.ts';

// The fields that Envoy's API marks as sensitive. All text below them is hidden, file names too.
const SENSITIVE = new Set([
  'private_key',
  'pkcs12',
  'password',
  'session_ticket_keys',
  'generic_secret',
  'auth_username',
  'auth_password',
  'downstream_auth_username',
  'downstream_auth_password',
  'downstream_auth_passwords',
  'secret_access_key',
  'session_token',
]);
const REDACTED = '[redacted]';
const REDACTED_BASE64 = 'W3JlZGFjdGVkXQ==';

/** The same value with secrets replaced by `[redacted]`. */
export function redact(value: Json): Json {
  return walk(value, false, '');
}

function walk(value: Json, hidden: boolean, key: string): Json {
  if (typeof value === 'string') {
    if (!hidden || key === '@type') return value;
    return key === 'inline_bytes' ? REDACTED_BASE64 : REDACTED;
  }
  if (isArray(value)) return value.map((item) => walk(item, hidden, key));
  if (value === null || typeof value !== 'object') return value;
  return redactObject(value, hidden);
}

function redactObject(value: JsonObject, hidden: boolean): JsonObject {
  const copy: Record<string, Json> = {};
  for (const [key, inner] of Object.entries(value)) copy[key] = walk(inner, hidden || SENSITIVE.has(key), key);
  return copy;
}

// Array.isArray does not narrow readonly arrays.
function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
