// The servers around a proxy that asks before it lets requests pass: a gRPC and an HTTP authorization service, and upstreams.
import { fromBinary, fromJson, toBinary, toJson, type JsonValue } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import {
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { request as httpsRequest } from 'node:https';
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server as NetServer,
  type Socket,
} from 'node:net';
import { once } from 'node:events';

export type Json = Readonly<Record<string, unknown>>;

/** What one of the servers was asked, without what is different each time. */
export interface Asked {
  readonly by: 'upstream' | 'http' | 'grpc';
  readonly what: unknown;
}

/** What one request led to. */
export interface Observed {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
  readonly asked: readonly Asked[];
}

export interface ClientRequest {
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
}

const PREFIX_BYTES = 5;
const VOLATILE = new Set([
  'date',
  'x-request-id',
  'x-envoy-upstream-service-time',
  'user-agent',
  'grpc-accept-encoding',
]);

/** Answers of the gRPC service by the field `x-answer` of the request: CheckResponse in JSON, or what else it does. */
export type GrpcAnswers = Readonly<Record<string, Json | 'hang' | 'fail'>>;
export type HttpAnswers = Readonly<
  Record<string, { readonly status: number; readonly headers: readonly string[]; readonly body: string } | 'hang'>
>;

export class ExtAuthzWorld {
  readonly asked: Asked[] = [];
  grpcPort = 0;
  httpPort = 0;
  upstreamPort = 0;
  tcpPort = 0;
  private readonly servers: { close(): void; closeAllConnections?(): void }[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly sessions = new Set<ServerHttp2Session>();

  static async start(grpcAnswers: GrpcAnswers, httpAnswers: HttpAnswers): Promise<ExtAuthzWorld> {
    const world = new ExtAuthzWorld();
    // Reading the API's messages for the first time takes a while, which is to be over before somebody waits for an answer.
    world.answerGrpc(Buffer.alloc(0), {}, { ok: { status: { code: 0 } } });
    const grpc = createHttp2Server();
    grpc.on('session', (session) => world.sessions.add(session));
    grpc.on('sessionError', () => undefined);
    grpc.on('stream', (stream, head) => world.takeCall(stream, head, grpcAnswers));
    world.grpcPort = await world.listen(grpc);
    world.httpPort = await world.serve((request, response) => {
      const answer = httpAnswers[headerOf(request, 'x-answer') || request.url?.split('answer=')[1] || ''];
      if (answer === 'hang') return;
      const { status, headers, body } = answer ?? { status: 200, headers: [], body: '' };
      response.writeHead(status, [...headers]);
      response.end(body);
    }, 'http');
    world.upstreamPort = await world.serve((_, response) => {
      response.writeHead(200, ['x-up', 'one', 'x-both', 'up']);
      response.end('hello');
    }, 'upstream');
    const tcp = createTcpServer((socket) => {
      world.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        world.asked.push({ by: 'upstream', what: chunk.toString() });
        socket.end(`echo ${chunk.toString()}`);
      });
    });
    world.tcpPort = await world.listen(tcp);
    return world;
  }

  stop(): void {
    for (const session of this.sessions) session.destroy();
    for (const socket of this.sockets) socket.destroy();
    for (const server of this.servers) {
      server.closeAllConnections?.();
      server.close();
    }
  }

  /** One request on a connection of its own. */
  async request(wanted: ClientRequest): Promise<Observed> {
    this.asked.length = 0;
    const { port, method = 'GET', path = '/', headers = [], body, tls } = wanted;
    const { promise, resolve, reject } = Promise.withResolvers<Omit<Observed, 'asked'>>();
    const all = [
      'host',
      'app.test',
      ...headers,
      ...(body === undefined ? [] : ['content-length', String(body.length)]),
    ];
    const common = { host: '127.0.0.1', port, method, path, headers: all, agent: false } as const;
    const outgoing =
      tls === undefined
        ? httpRequest(common)
        : httpsRequest({ ...common, ...tls, servername: 'web.test', rejectUnauthorized: false });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: fields(response.rawHeaders),
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.end(body);
    return { ...(await promise), asked: [...this.asked] };
  }

  /** Sends bytes and gives what comes until the connection ends. */
  async exchange(port: number, text: string): Promise<{ readonly got: string; readonly asked: readonly Asked[] }> {
    this.asked.length = 0;
    const socket = connect({ port, host: '127.0.0.1' });
    let got = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
    socket.write(text);
    await new Promise((resolve) => socket.once('close', resolve));
    return { got, asked: [...this.asked] };
  }

  private async serve(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    by: Asked['by'],
  ): Promise<number> {
    const server: Server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method, url, rawHeaders } = request;
        const body = Buffer.concat(chunks).toString('latin1');
        this.asked.push({ by, what: { method, url, headers: fields(rawHeaders), body } });
        answer(request, response);
      });
    });
    return this.listen(server);
  }

  private async listen(server: NetServer): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  /** One unary call. Deadlines are the caller's own matter here. */
  private takeCall(stream: ServerHttp2Stream, head: IncomingHttpHeaders, answers: GrpcAnswers): void {
    const chunks: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const answer = this.answerGrpc(Buffer.concat(chunks).subarray(PREFIX_BYTES), head, answers);
      if (answer === 'hang') return;
      const trailers = { 'grpc-status': answer === 'fail' ? '14' : '0' };
      const opening = { ':status': 200, 'content-type': 'application/grpc' };
      if (answer === 'fail') {
        stream.respond({ ...opening, ...trailers }, { endStream: true });
        return;
      }
      stream.respond(opening, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      stream.end(answer);
    });
  }

  private answerGrpc(message: Buffer, head: IncomingHttpHeaders, answers: GrpcAnswers): Buffer | 'hang' | 'fail' {
    const desc = registry().getMessage('envoy.service.auth.v3.CheckRequest')!;
    const json = toJson(desc, fromBinary(desc, message), { registry: registry() }) as Json;
    this.asked.push({ by: 'grpc', what: { message: steady(json), head: fieldsOf(head) } });
    const http = ((json['attributes'] as Json | undefined)?.['request'] as Json | undefined)?.['http'] as
      Json | undefined;
    const named = (http?.['headers'] as Readonly<Record<string, string>> | undefined)?.['x-answer'];
    const answer = answers[named ?? String(head['x-answer'] ?? 'ok')] ?? {};
    if (typeof answer === 'string') return answer as 'hang' | 'fail';
    const response = registry().getMessage('envoy.service.auth.v3.CheckResponse')!;
    const octets = toBinary(response, fromJson(response, answer as JsonValue, { registry: registry() }));
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(octets.length, 1);
    return Buffer.concat([prefix, octets]);
  }
}

function headerOf(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

/** Header lines in the order of their names. */
function fields(raw: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    lines.push(VOLATILE.has(name) ? name : `${name}: ${raw[i + 1] as string}`);
  }
  return lines.sort();
}

function fieldsOf(map: Readonly<Record<string, unknown>>): readonly string[] {
  return fields(Object.entries(map).flatMap(([name, value]) => [name, String(value)]));
}

/** Without ids, times and ports. */
function steady(value: unknown, key = ''): unknown {
  if (key === 'id' || key === 'time' || key === 'portValue' || key === 'x-request-id') return key;
  if (Array.isArray(value)) return value.map((one) => steady(one));
  if (typeof value !== 'object' || value === null) return value;
  if ((value as Json)['key'] === 'x-request-id') return 'x-request-id';
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, steady(inner, name)]));
}
