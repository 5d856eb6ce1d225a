import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeCertificateRequest,
  decodeCertificateResponse,
  encodeCertificateRequest,
  encodeCertificateResponse,
} from './certificate-request.ts';

test('a request goes over the wire with the numbers of Istio', () => {
  const request = { csr: 'PEM', validityS: 86_400, metadata: { ClusterID: 'here' } };
  const octets = Buffer.from(encodeCertificateRequest(request));
  assert.deepEqual(decodeCertificateRequest(octets), request);
  // Field 1 as a string, field 3 as a varint, field 4 as a message.
  assert.equal(octets.toString('hex', 0, 9), `0a03${Buffer.from('PEM').toString('hex')}1880a305`);
  assert.equal(octets[9], 0x22);
});

test('a response is the chain in its order', () => {
  assert.deepEqual(decodeCertificateResponse(encodeCertificateResponse(['leaf', 'root'])), ['leaf', 'root']);
});

test('what is no message is undefined', () => {
  for (const octets of [Buffer.from('ff', 'hex'), Buffer.from('0a05', 'hex')]) {
    assert.equal(decodeCertificateRequest(octets), undefined);
    assert.equal(decodeCertificateResponse(octets), undefined);
  }
  assert.deepEqual(decodeCertificateRequest(Buffer.alloc(0)), { csr: '', validityS: 0, metadata: {} });
});
