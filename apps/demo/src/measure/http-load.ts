import { Agent, request } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly body: string;
}

export interface Load {
  /** `http://localhost:8080/home/` */
  readonly url: string;
  /** At a time. */
  readonly parallel: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Status 0 stands for no whole answer. */
const NO_ANSWER: Reply = { status: 0, body: '' };

/** Sends requests over kept-alive connections, `parallel` at a time, as long as `more` says so. Never repeats one. */
export async function sendRequests(
  { url, parallel, headers = {} }: Load,
  more: () => boolean,
  take: (reply: Reply) => void,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: parallel });
  const worker = async (): Promise<void> => {
    while (more()) take(await get(url, agent, headers));
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  agent.destroy();
}

/** The replies to so many requests. */
export async function sendMany(load: Load, count: number): Promise<Reply[]> {
  const replies: Reply[] = [];
  let left = count;
  await sendRequests(
    load,
    () => left-- > 0,
    (reply) => replies.push(reply),
  );
  return replies;
}

function get(url: string, agent: Agent, headers: Readonly<Record<string, string>>): Promise<Reply> {
  const { promise, resolve } = Promise.withResolvers<Reply>();
  const { hostname, port, pathname } = new URL(url);
  // Not by name: the gateway listens on the IPv4 loopback only.
  const host = hostname === 'localhost' ? '127.0.0.1' : hostname;
  const outgoing = request({ host, port, path: pathname, agent, headers }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.once('error', () => resolve(NO_ANSWER));
    response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
  });
  outgoing.once('error', () => resolve(NO_ANSWER));
  outgoing.end();
  return promise;
}
