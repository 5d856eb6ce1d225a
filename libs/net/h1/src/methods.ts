// The methods Envoy's parser knows; a request with another one is refused with 400.
const NAMES = (
  'ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS ' +
  'PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE'
).split(' ');
const METHODS = new Set(NAMES);

/** Whether Envoy takes requests with this method. Methods are case-sensitive. */
export function isKnownMethod(method: string): boolean {
  return method === 'GET' || method === 'POST' || METHODS.has(method);
}

/** Whether a request with this method and no body carries `content-length: 0` (RFC 9110 section 8.6; as Envoy does). */
export function expectsBody(method: string): boolean {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'DELETE':
    case 'CONNECT':
    case 'OPTIONS':
    case 'TRACE':
      return false;
    default:
      return true;
  }
}
