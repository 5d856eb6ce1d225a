// The web site of the example: an HTTPS server that says which server name (SNI) and which host it was asked for.
//   PORT (default 443, 0 for a free one), HOST (default 0.0.0.0), NAMES (default www.baidu.com,baidu.com)
import { createServer } from 'node:https';
import { selfSigned } from './self-signed.mjs';

const names = (process.env.NAMES || 'www.baidu.com,baidu.com').split(',');
const server = createServer(selfSigned(...names), (request, response) => {
  const { host } = request.headers;
  const page = `<!doctype html><title>${names[0]}</title><h1>This is ${names[0]}</h1>\n`;
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(page),
    'x-origin-sni': request.socket.servername || 'none',
    'x-origin-host': host,
  });
  response.end(request.method === 'HEAD' ? undefined : page);
});
server.listen(Number(process.env.PORT ?? 443), process.env.HOST || '0.0.0.0', () => {
  process.stdout.write(`origin on port ${server.address().port}\n`);
});
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}
