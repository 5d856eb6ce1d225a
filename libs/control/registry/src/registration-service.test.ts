import type { Authenticator } from '@weft/control-ca';
import { GRPC_STATUS, type GrpcStatus } from '@weft/core-grpc';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEREGISTER, encodeRegistrationCall, REGISTER } from './registration-calls.ts';
import { registrationRoutes, type RegistryTokens } from './registration-routes.ts';
import { registrationService } from './registration-service.ts';
import { RegistrationStore } from './registration-store.ts';

const IDENTITY = { trustDomain: 'cluster.local', namespace: 'videos', serviceAccount: 'web' };
const BODY = JSON.stringify({
  service: 'web',
  addresses: ['10.0.0.7'],
  serviceAccount: 'web',
  ports: [],
  healthy: true,
});

/** There is one token, and one certificate for each service account: its name. */
const BOOTSTRAP = { spanCluster: 'zipkin', metricsService: 'stats.test:9002', statsd: '' };
const TOKENS: RegistryTokens = {
  issue: () => 'fresh',
  verify: (token) =>
    token === 'good'
      ? { ok: true, value: { identity: IDENTITY, name: 'web-1', service: 'web', labels: { app: 'web' } } }
      : { ok: false, fault: 'it is none' },
};
const AUTHENTICATOR: Authenticator = ({ peerCertificate }) => {
  if (peerCertificate === undefined) return { kind: 'none' };
  const serviceAccount = Buffer.from(peerCertificate).toString();
  return { kind: 'caller', identity: { ...IDENTITY, serviceAccount }, by: 'certificate' };
};

interface Answer {
  readonly status: GrpcStatus;
  readonly body: string;
}

function world(): {
  readonly store: RegistrationStore;
  readonly ask: (
    path: string,
    message: Uint8Array | undefined,
    who?: { certificate?: string; token?: string },
  ) => Answer;
} {
  const listener = { onRegistered: () => undefined, onUnregistered: () => undefined };
  const store = new RegistrationStore({ runtime: createFakeRuntime(), listener });
  const services = registrationService({
    routes: registrationRoutes(store, TOKENS, () => BOOTSTRAP),
    authenticator: AUTHENTICATOR,
  });
  return {
    store,
    ask: (path, message, { certificate = 'web', token = 'good' } = {}) => {
      let status: GrpcStatus | undefined;
      let body = '';
      const receiver = services.get(path)?.({
        metadata: token === '' ? [] : [['authorization', `Bearer ${token}`]],
        peerAddress: '10.0.0.7:9',
        peerCertificate: certificate === '' ? undefined : Buffer.from(certificate),
        send: (octets) => {
          body = Buffer.from(octets).toString();
          return true;
        },
        end: (given = { code: GRPC_STATUS.OK, message: '' }) => (status = given),
      });
      if (message !== undefined) receiver?.onMessage(message);
      receiver?.onHalfClose();
      assert.ok(status !== undefined);
      return { status, body };
    },
  };
}

const WEB = encodeRegistrationCall({ namespace: 'videos', name: 'web-1', body: BODY });

test('a workload registers and takes itself out over gRPC', () => {
  const { ask, store } = world();
  const { status, body } = ask(REGISTER, WEB);
  assert.equal(status.code, GRPC_STATUS.OK);
  assert.deepEqual(JSON.parse(body), { changed: true, leaseMs: 15_000, token: 'fresh', bootstrap: BOOTSTRAP });
  assert.equal(store.all().length, 1);
  const out = encodeRegistrationCall({ namespace: 'videos', name: 'web-1', body: '' });
  assert.equal(ask(DEREGISTER, out).status.code, GRPC_STATUS.OK);
  assert.equal(ask(DEREGISTER, out).status.code, GRPC_STATUS.NOT_FOUND);
});

test('token and certificate have to be of the same workload', () => {
  const { ask, store } = world();
  const stolen = ask(REGISTER, WEB, { certificate: 'thief' }).status;
  assert.equal(stolen.code, GRPC_STATUS.PERMISSION_DENIED);
  assert.match(stolen.message, /the token is for spiffe:\S+\/sa\/web, the certificate is of spiffe:\S+\/sa\/thief/);
  assert.equal(ask(REGISTER, WEB, { token: '' }).status.code, GRPC_STATUS.UNAUTHENTICATED);
  assert.equal(ask(REGISTER, WEB, { token: 'bad' }).status.code, GRPC_STATUS.UNAUTHENTICATED);
  assert.equal(ask(REGISTER, WEB, { certificate: '' }).status.code, GRPC_STATUS.UNAUTHENTICATED);
  const other = encodeRegistrationCall({ namespace: 'videos', name: 'web-2', body: BODY });
  assert.equal(ask(REGISTER, other).status.code, GRPC_STATUS.PERMISSION_DENIED);
  assert.deepEqual(store.all(), []);
});

test('whose a name is comes before the status that refuses it', () => {
  const { ask } = world();
  const of = (run: string): Uint8Array =>
    encodeRegistrationCall({ namespace: 'videos', name: 'web-1', body: JSON.stringify({ ...JSON.parse(BODY), run }) });
  ask(REGISTER, of('a'));
  const { status, body } = ask(REGISTER, of('b'));
  assert.equal(status.code, GRPC_STATUS.ALREADY_EXISTS);
  assert.deepEqual((JSON.parse(body) as { holder: object }).holder, { run: 'a', process: '', renewals: 0 });
});

test('what is no registration is refused', () => {
  const { ask } = world();
  for (const message of [undefined, Buffer.from('{'), Buffer.from('null'), Buffer.from('{"namespace":1}')])
    assert.equal(ask(REGISTER, message).status.code, GRPC_STATUS.INVALID_ARGUMENT);
  const broken = encodeRegistrationCall({ namespace: 'videos', name: 'web-1', body: '[]' });
  assert.equal(ask(REGISTER, broken).status.code, GRPC_STATUS.INVALID_ARGUMENT);
});
