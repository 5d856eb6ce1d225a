import { request } from 'node:http';
import { request as secureRequest } from 'node:https';

export interface HttpCall {
  /** `http://host:port`, `https://host:port` (checked against Node's roots), or `unix:/path`. */
  readonly server: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  /** Takes whatever certificate an https server shows. Default false. */
  readonly anyCertificate?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** `''`: the answer names none. */
  readonly contentType: string;
  readonly body: string;
}

/** No answer that is of use here is longer, in bytes. */
const MOST = 64 * 1024 * 1024;

/** One request over a connection of its own; rejects when there is no whole answer in time. */
export function httpCall(call: HttpCall): Promise<HttpAnswer> {
  const { server, method, path, headers, body, timeoutMs, anyCertificate = false } = call;
  const where = server.startsWith('unix:') ? { socketPath: server.slice('unix:'.length) } : addressOf(server);
  return new Promise((resolve, reject) => {
    const outgoing = (server.startsWith('https:') ? secureRequest : request)(
      {
        ...where,
        method,
        path,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        agent: false,
        rejectUnauthorized: !anyCertificate,
        signal: AbortSignal.timeout(timeoutMs),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > MOST) response.destroy(new Error(`the answer has more than ${MOST} bytes`));
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            body: Buffer.concat(chunks).toString(),
          }),
        );
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function addressOf(server: string): { readonly hostname: string; readonly port: string } {
  const { hostname, port, protocol } = new URL(server);
  const usual = protocol === 'https:' ? '443' : '80';
  return { hostname: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usual : port };
}
