import { Agent, request, type IncomingMessage } from 'node:http';
import { outgoingTraceHeaders } from '@weft/demo-trace-headers';

/** What one call of videos-api gave: a body whatever the status, or no answer at all. */
export type VideoReply =
  { readonly answered: true; readonly body: string } | { readonly answered: false; readonly error: Error };

export interface VideosClient {
  /** One call, never repeated. Rejects when an answer began and broke off. */
  video(id: string): Promise<VideoReply>;
  close(): void;
}

/**
 * Calls videos-api over kept-alive connections. A call on a connection that is lost fails: other clients silently send
 * such a GET again, and would hide from the mesh what the mesh is there to heal.
 */
export function videosClient(baseUrl: string): VideosClient {
  const agent = new Agent({ keepAlive: true });
  const base = baseUrl.replace(/\/+$/, '');
  return {
    async video(id) {
      let response: IncomingMessage;
      try {
        response = await get(`${base}/${encodeURIComponent(id)}`, agent);
      } catch (error) {
        return { answered: false, error: error instanceof Error ? error : new Error(String(error)) };
      }
      return { answered: true, body: await readBody(response) };
    },
    close: () => agent.destroy(),
  };
}

function get(url: string, agent: Agent): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request(url, { agent, headers: outgoingTraceHeaders() }, resolve).once('error', reject).end();
  return promise;
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
