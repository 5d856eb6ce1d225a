// The service behind the proxy: says who it is. GET /service/N answers a line; GET /trace/N does the same, and service 1
// asks service 2 first, by way of the front proxy, passing on the headers that join the spans of a trace.
import { createServer, get } from 'node:http';
import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';

const {
  SERVICE_NAME = '1',
  HOST = '127.0.0.1',
  PORT = '8080',
  INSTANCE = hostname(),
  NEXT_HOP = 'http://front-envoy:80',
} = process.env;
const TRACE_HEADERS = [
  'x-ot-span-context',
  'x-request-id',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'uber-trace-id',
  'traceparent',
  'tracestate',
  'b3',
];

const address = process.env.ADDRESS ?? (await lookup(INSTANCE).catch(() => ({ address: HOST }))).address;

function answer(response, status, text) {
  response.sendDate = false;
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    Server: 'node',
    Date: new Date().toUTCString(),
  });
  response.end(text);
}

function traced(request) {
  const headers = {};
  for (const name of TRACE_HEADERS) if (request.headers[name] !== undefined) headers[name] = request.headers[name];
  return headers;
}

const server = createServer((request, response) => {
  const hello = `Hello from behind Envoy (service ${SERVICE_NAME})! hostname: ${INSTANCE} resolvedhostname: ${address}\n`;
  const [, kind, number] = /^\/(service|trace)\/(\w+)$/.exec(request.url ?? '') ?? [];
  if (kind === undefined) return answer(response, 404, 'Not Found\n');
  if (kind === 'service' || number !== '1' || SERVICE_NAME !== '1') return answer(response, 200, hello);
  get(`${NEXT_HOP}/trace/2`, { headers: traced(request) }, (next) => {
    next.resume().once('end', () => answer(response, 200, hello));
  }).once('error', (error) => answer(response, 502, `service 2 did not answer: ${error.message}\n`));
});
server.listen(Number(PORT), HOST, () =>
  process.stdout.write(`service ${SERVICE_NAME} (${INSTANCE}) on ${HOST}:${PORT}\n`),
);
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0));
