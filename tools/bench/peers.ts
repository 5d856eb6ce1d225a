import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** One proxy under test: how to write its configuration and start it, forwarding `port` to `upstreamPort`. */
export interface Peer {
  readonly name: string;
  start(folder: string, port: number, upstreamPort: number): ChildProcess;
}

/** The Envoy bootstrap that Weft and Envoy both run: one listener, the router, one static cluster. */
export function bootstrap(port: number, upstreamPort: number): string {
  return `
static_resources:
  listeners:
  - name: bench
    address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bench
          codec_type: HTTP1
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - {match: {prefix: "/"}, route: {cluster: upstream}}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: upstream
    type: STATIC
    connect_timeout: 1s
    circuit_breakers: {thresholds: [{max_connections: 10000, max_pending_requests: 10000, max_requests: 10000}]}
    load_assignment:
      cluster_name: upstream
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${upstreamPort}}}}}]}]
`;
}

export function weft(root: string): Peer {
  return {
    name: 'weft',
    start: (folder, port, upstreamPort) => {
      const file = write(folder, 'weft.yaml', bootstrap(port, upstreamPort));
      return run(process.execPath, [
        '--conditions=@weft/source',
        join(root, 'apps/proxy/src/main.ts'),
        '-c',
        file,
        '-l',
        'warning',
      ]);
    },
  };
}

export function envoy(binary: string): Peer {
  return {
    name: 'envoy',
    start: (folder, port, upstreamPort) => {
      const file = write(folder, 'envoy.yaml', bootstrap(port, upstreamPort));
      return run(binary, ['-c', file, '--concurrency', '1', '-l', 'error', '--use-dynamic-base-id']);
    },
  };
}

/** nginx as a proxy with one worker, which also is the process whose time counts. */
export function nginx(binary: string): Peer {
  return {
    name: 'nginx',
    start: (folder, port, upstreamPort) => {
      const http = `upstream u { server 127.0.0.1:${upstreamPort}; keepalive 64; }
        server { listen 127.0.0.1:${port} backlog=1024; location / {
          proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; } }`;
      return startNginx(binary, join(folder, 'nginx-proxy'), http);
    },
  };
}

/** The proxy one would write first: node:http in, node:http out, keep-alive. */
export function nodeHttp(here: string): Peer {
  return {
    name: 'node:http',
    start: (_folder, port, upstreamPort) =>
      run(process.execPath, [join(here, 'node-http-proxy.mjs'), String(port), String(upstreamPort)]),
  };
}

/** The upstream of all: nginx with a body of `bytes`, which costs least beside what is measured. */
export function startUpstream(binary: string, folder: string, port: number, bytes: number): ChildProcess {
  const body = 'x'.repeat(bytes);
  const http = `server { listen 127.0.0.1:${port} backlog=1024; location / { default_type text/plain; return 200 "${body}"; } }`;
  return startNginx(binary, join(folder, 'nginx-upstream'), http);
}

function startNginx(binary: string, folder: string, http: string): ChildProcess {
  mkdirSync(folder, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join(' ');
  const conf = write(
    folder,
    'nginx.conf',
    `worker_processes 1; daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
     events { worker_connections 2048; }
     http { access_log off; keepalive_requests 1000000000; ${temporary} ${http} }`,
  );
  return run(binary, ['-p', folder, '-c', conf, '-e', join(folder, 'error.log')]);
}

function write(folder: string, name: string, text: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function run(command: string, args: string[]): ChildProcess {
  return spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
