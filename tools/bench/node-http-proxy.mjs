// The peer that one would write first: node:http on both sides, nothing left out that keeps it fast.
import { Agent, createServer, request } from 'node:http';

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
createServer((incoming, outgoing) => {
  const { method, url: path, headers } = incoming;
  const upstream = request({ host: '127.0.0.1', port: upstreamPort, agent, method, path, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  upstream.on('error', () => outgoing.destroy());
  incoming.pipe(upstream);
}).listen(port, '127.0.0.1');
