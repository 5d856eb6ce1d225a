import { GRPC_STATUS, type GrpcServerCall, type GrpcStatus } from '@weft/core-grpc';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireCertificate } from './require-certificate.ts';

test('a caller without a certificate is told so, and the service hears nothing of it', () => {
  const heard: string[] = [];
  const receiver = { onMessage: () => undefined, onHalfClose: () => undefined, onCancelled: () => undefined };
  const services = requireCertificate(
    new Map([
      [
        '/a/B',
        (call: GrpcServerCall) => {
          heard.push(call.peerAddress);
          return receiver;
        },
      ],
    ]),
  );
  const ended: (GrpcStatus | undefined)[] = [];
  const call = (peerAddress: string, peerCertificate: Uint8Array | undefined): void => {
    const send = (): boolean => true;
    services.get('/a/B')?.({ metadata: [], peerAddress, peerCertificate, send, end: (status) => ended.push(status) });
  };
  call('stranger', undefined);
  call('workload', Buffer.from('certificate'));
  assert.deepEqual(heard, ['workload']);
  assert.deepEqual(
    ended.map((status) => status?.code),
    [GRPC_STATUS.UNAUTHENTICATED],
  );
});
