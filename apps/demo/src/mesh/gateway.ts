import { hostOf } from '../topology.ts';
import { NETWORKING, SECURITY, type MeshDocument } from './document.ts';

/** What the gateway opens, and what it does with requests that no switch is about. */
export function gatewayDocuments(port: number): MeshDocument[] {
  return [
    {
      file: 'gateway.yaml',
      comment: `The port that browsers call: ${port}, opened by the proxy with the label app=gateway`,
      edges: ['browser→gateway'],
      resource: {
        apiVersion: NETWORKING,
        kind: 'Gateway',
        metadata: { name: 'catalog' },
        spec: {
          selector: { app: 'gateway' },
          servers: [{ port: { number: port, name: 'http', protocol: 'HTTP' }, bind: '127.0.0.1', hosts: ['*'] }],
        },
      },
    },
    {
      file: 'routes/home.yaml',
      comment: '/ and /home lead to /home/. Found, not Moved Permanently: a browser would remember that',
      edges: ['browser→gateway'],
      resource: {
        apiVersion: NETWORKING,
        kind: 'VirtualService',
        metadata: { name: 'home' },
        spec: {
          hosts: ['*'],
          gateways: ['catalog'],
          http: [
            {
              name: 'home',
              match: [{ uri: { exact: '/' } }, { uri: { exact: '/home' } }],
              redirect: { uri: '/home/', redirectCode: 302 },
            },
          ],
        },
      },
    },
    {
      file: 'routes/api.yaml',
      comment: '/api/playlists is / of playlists-api',
      edges: ['gateway→playlists-api'],
      resource: {
        apiVersion: NETWORKING,
        kind: 'VirtualService',
        metadata: { name: 'api' },
        spec: {
          hosts: ['*'],
          gateways: ['catalog'],
          http: [
            {
              name: 'api',
              match: [{ uri: { exact: '/api/playlists' } }, { uri: { prefix: '/api/playlists/' } }],
              rewrite: { uri: '/' },
              route: [{ destination: { host: hostOf('playlists-api') } }],
            },
          ],
        },
      },
    },
  ];
}

/** Mutual TLS between all sidecars. */
export function securityDocuments(): MeshDocument[] {
  return [
    {
      file: 'security/mutual-tls.yaml',
      comment: 'Sidecars take calls of the mesh alone, over mutual TLS. PERMISSIVE would take plaintext too',
      edges: [],
      resource: {
        apiVersion: SECURITY,
        kind: 'PeerAuthentication',
        metadata: { name: 'default' },
        spec: { mtls: { mode: 'STRICT' } },
      },
    },
  ];
}
