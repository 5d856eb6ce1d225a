// A gRPC client on grpc-js that takes everything by xDS, run as a process of its own since its library has one xDS client for each.
// `grpc-js-peer.ts TARGET` prints "orders PORT"; its order is that of tools/conformance/go/grpc-peer.
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { register, XdsChannelCredentials } from '@grpc/grpc-js-xds';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GrpcOutcome } from './grpc-xds-world.ts';

const METHOD = '/grpc.testing.TestService/UnaryCall';
/** Fields of grpc.testing.SimpleResponse. */
const USERNAME = 2;
const SERVER_ID = 4;

register();
const client = new Client(process.argv[2] ?? '', new XdsChannelCredentials(credentials.createInsecure()));

interface Answer {
  readonly server: string;
  readonly caller: string;
}

function callOnce(failTimes: string): Promise<Answer> {
  const metadata = new Metadata();
  metadata.set('fail-times', failTimes);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  client.makeUnaryRequest(
    METHOD,
    () => Buffer.alloc(0),
    readAnswer,
    undefined,
    metadata,
    { deadline: Date.now() + 5000 },
    (error, answer) => (answer === undefined ? reject(error ?? new Error('no answer')) : resolve(answer)),
  );
  return promise;
}

function readAnswer(octets: Buffer): Answer {
  const reader = new BinaryReader(octets);
  const texts = new Map<number, string>();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === USERNAME || field === SERVER_ID) texts.set(field, reader.string());
    else reader.skip(type);
  }
  return { server: texts.get(SERVER_ID) ?? '', caller: texts.get(USERNAME) ?? '' };
}

const orders = createServer((request, response) => {
  const { searchParams: query } = new URL(request.url ?? '', 'http://orders');
  void callMany(Number(query.get('count')), query.get('fail') ?? '0').then((outcome) =>
    response.end(JSON.stringify(outcome)),
  );
});

async function callMany(count: number, failTimes: string): Promise<GrpcOutcome> {
  const outcome = { servers: {}, errors: {}, callers: {} } as Record<keyof GrpcOutcome, Record<string, number>>;
  const add = (to: keyof GrpcOutcome, what: string): void => {
    outcome[to][what] = (outcome[to][what] ?? 0) + 1;
  };
  for (let i = 0; i < count; i += 1) {
    try {
      const { server, caller } = await callOnce(failTimes);
      add('servers', server);
      add('callers', caller);
    } catch (error) {
      const { code, details } = error as ServiceError;
      add('errors', `${status[code]}: ${details}`);
    }
  }
  return outcome;
}

orders.listen(0, '127.0.0.1', () => process.stdout.write(`orders ${(orders.address() as AddressInfo).port}\n`));
