import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { httpBootstrap, tcpBootstrap, type Hop } from './bootstraps.ts';

/** One proxy under test: how to write its configuration and start it. */
export interface Peer {
  readonly name: string;
  /** The process whose CPU time and memory count. */
  start(folder: string, hop: Hop, kind: 'http' | 'tcp'): ChildProcess;
}

/** As its image runs it: the bundle, with the image's flags, and what V8 made of the source kept beside it. */
export function weft(root: string): Peer {
  const flags = [
    '--enable-source-maps',
    '--no-parallel-scavenge',
    '--invocation-count-for-turbofan=50000',
    '--incremental-marking-soft-trigger=20',
    '--incremental-marking-hard-trigger=10',
  ];
  const main = [...flags, join(root, 'apps/proxy/dist/bin/main.js')];
  return {
    name: 'weft',
    start(folder, hop, kind) {
      const cache = join(folder, 'weft-compile-cache');
      const env = { ...process.env, NODE_COMPILE_CACHE: cache };
      const args = [...main, '-c', bootstrapFile(folder, 'weft', hop, kind), '-l', 'error'];
      if (!existsSync(cache)) spawnSync(process.execPath, [...args, '--mode', 'validate'], { env });
      return run(process.execPath, args, env);
    },
  };
}

export function envoy(binary: string): Peer {
  const flags = ['--concurrency', '1', '-l', 'error', '--use-dynamic-base-id'];
  return {
    name: 'envoy',
    start: (folder, hop, kind) => run(binary, ['-c', bootstrapFile(folder, 'envoy', hop, kind), ...flags]),
  };
}

function bootstrapFile(folder: string, name: string, hop: Hop, kind: 'http' | 'tcp'): string {
  return write(
    folder,
    `${name}-${hop.port}.json`,
    JSON.stringify(kind === 'http' ? httpBootstrap(hop) : tcpBootstrap(hop)),
  );
}

/** nginx as a proxy with one worker, which also is the process whose time counts. HTTP/1.1 to upstreams only. */
export function nginx(binary: string): Peer {
  return {
    name: 'nginx',
    start: (folder, { port, upstreamPort, serves }, kind) => {
      const home = join(folder, `nginx-${port}`);
      if (kind === 'tcp') throw new Error('the packaged nginx has no stream module');
      const tls = serves && `ssl_certificate ${serves.own.certFile}; ssl_certificate_key ${serves.own.keyFile};`;
      return startNginx(
        binary,
        home,
        `upstream u { server 127.0.0.1:${upstreamPort}; keepalive 64; }
         server { listen 127.0.0.1:${port} backlog=1024${serves ? ' ssl' : ''}; ${tls ?? ''}
           location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; } }`,
      );
    },
  };
}

/** HAProxy with one thread. */
export function haproxy(binary: string): Peer {
  return {
    name: 'haproxy',
    start: (folder, { port, upstreamPort, serves, downstream, upstream }, kind) => {
      const pem = serves && write(folder, `haproxy-${port}.pem`, serves.own.cert + serves.own.key);
      const protocol = downstream === 'HTTP2' ? ' proto h2' : '';
      const bind = `bind 127.0.0.1:${port}${pem === undefined ? protocol : ` ssl crt ${pem} alpn ${downstream === 'HTTP2' ? 'h2' : 'http/1.1'}`}`;
      const server = `server u 127.0.0.1:${upstreamPort}${upstream === 'HTTP2' && kind === 'http' ? ' proto h2' : ''}`;
      const file = write(
        folder,
        `haproxy-${port}.cfg`,
        `global\n nbthread 1\n maxconn 9000\ndefaults\n mode ${kind}\n timeout connect 1s\n timeout client 60s\n timeout server 60s\n` +
          `${kind === 'http' ? ' http-reuse always\n' : ''}frontend f\n ${bind}\n default_backend b\nbackend b\n ${server}\n`,
      );
      return run(binary, ['-db', '-q', '-f', file]);
    },
  };
}

/** The proxy one would write first: node:http in, node:http out, keep-alive. */
export function nodeHttp(here: string): Peer {
  return {
    name: 'node:http',
    start: (_folder, { port, upstreamPort }) =>
      run(process.execPath, [join(here, 'node-http-proxy.mjs'), String(port), String(upstreamPort)]),
  };
}

/** The upstream of all: nginx with a body of `bytes`, which costs least beside what is measured. */
export function startUpstream(binary: string, folder: string, port: number, http2: boolean): ChildProcess {
  const body = 'x'.repeat(1024);
  const listen = `listen 127.0.0.1:${port} backlog=1024${http2 ? ' http2' : ''};`;
  const limits = http2 ? 'http2_max_concurrent_streams 1024;' : '';
  const http = `server { ${listen} ${limits} location / { default_type text/plain; return 200 "${body}"; } }`;
  return startNginx(binary, join(folder, `nginx-upstream-${port}`), http);
}

function startNginx(binary: string, folder: string, http: string): ChildProcess {
  mkdirSync(folder, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join(' ');
  const conf = write(
    folder,
    'nginx.conf',
    `worker_processes 1; daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; worker_rlimit_nofile 25000;
     events { worker_connections 24000; }
     http { access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; ${temporary} ${http} }`,
  );
  return run(binary, ['-p', folder, '-c', conf, '-e', join(folder, 'error.log')]);
}

export function write(folder: string, name: string, text: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  return spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
}
