import type { HeaderMap } from '@weft/core-http';
import type { Host } from '@weft/proxy-filter-api';

/** Counts an answer for /clusters: what is below 500 is a success. */
export function chargeHost(host: Host, status: number): void {
  if (status < 500) host.stats.rqSuccess += 1;
  else host.stats.rqError += 1;
}

/** Codes of gRPC that stand for an HTTP status of 500 or more. Source: Envoy's Grpc::Utility::grpcToHttpStatus. */
const SERVER_FAULTS: ReadonlySet<string> = new Set(['2', '4', '12', '13', '14', '15']);

interface GrpcAttempt {
  readonly host: Host;
  grpcDeferred: boolean;
}

/** Whether a gRPC call went well its status tells, which comes with the trailers unless there is nothing but a head. */
export function chargeGrpcHead(attempt: GrpcAttempt, headers: HeaderMap, end: boolean): void {
  attempt.grpcDeferred = true;
  if (end) chargeGrpcTrailers(attempt, headers);
}

export function chargeGrpcTrailers(attempt: GrpcAttempt, trailers: HeaderMap): void {
  if (!attempt.grpcDeferred) return;
  attempt.grpcDeferred = false;
  const { stats } = attempt.host;
  const status = trailers.get('grpc-status');
  if (status !== undefined && /^\d{1,3}$/.test(status) && !SERVER_FAULTS.has(status)) stats.rqSuccess += 1;
  else stats.rqError += 1;
}
