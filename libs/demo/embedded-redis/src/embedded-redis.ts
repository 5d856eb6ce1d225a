import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Databases, runCommand, type CommandContext, type Session } from './commands.ts';
import { encodeReply, error } from './reply.ts';
import { ProtocolError, RequestParser } from './request-parser.ts';

export interface EmbeddedRedisOptions {
  /** Default 0: the system chooses. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
}

/** A Redis inside this process: in memory, without persistence, gone when it is closed. */
export interface EmbeddedRedis {
  readonly port: number;
  readonly url: string;
  /** Hangs up on every client and stops listening. */
  close(): Promise<void>;
}

/** Starts one. Rejects when the port is taken. */
export async function startEmbeddedRedis({
  port = 0,
  host = '127.0.0.1',
}: EmbeddedRedisOptions = {}): Promise<EmbeddedRedis> {
  const databases = new Databases();
  const sockets = new Set<Socket>();
  const startedAtMs = performance.now();
  let lastId = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    lastId += 1;
    serve(socket, {
      session: { id: lastId, protocol: 2, database: 0, name: '', ends: false },
      databases,
      port: address().port,
      connections: () => sockets.size,
      uptimeSeconds: () => Math.floor((performance.now() - startedAtMs) / 1000),
    });
  });
  const address = (): AddressInfo => server.address() as AddressInfo;
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: address().port,
    url: `redis://${host}:${address().port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function serve(socket: Socket, context: CommandContext): void {
  const { session }: { session: Session } = context;
  const parser = new RequestParser();
  socket.setNoDelay(true);
  socket.on('data', (bytes) => {
    if (session.ends) return;
    try {
      for (const command of parser.push(bytes)) {
        // HELLO answers in the protocol it has just chosen, so encode after running.
        const reply = runCommand(command, context);
        socket.write(encodeReply(reply, session.protocol));
        if (session.ends) return void socket.end();
      }
    } catch (fault) {
      if (!(fault instanceof ProtocolError)) throw fault;
      session.ends = true;
      socket.end(encodeReply(error(`ERR ${fault.message}`), session.protocol));
    }
  });
  // A client that goes away in the middle of something is no event.
  socket.on('error', () => socket.destroy());
}
