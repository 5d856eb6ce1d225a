export type { CheckAttributes, HttpAttributes, Peer } from './check-attributes.ts';
export { destinationOf, sourceOf, sniOf } from './peers.ts';
export { encodeCheckRequest } from './check-request.encode.ts';
export { CHECK_FAILED, type CheckOutcome, type HeaderChange } from './check-outcome.ts';
export { decodeCheckResponse } from './check-response.decode.ts';
export { GrpcCheck, type Check, type CheckReceiver, type GrpcCheckService } from './grpc-check.ts';
export { chosenMetadata } from './chosen-metadata.ts';
export { stringLabels } from './string-labels.ts';
export { textOfHeader } from './text-of-header.ts';
