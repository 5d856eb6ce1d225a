/** `request_body_buffer_limit` is the wider successor of `per_request_buffer_limit_bytes`. */
export function bufferLimit(message: {
  readonly requestBodyBufferLimit?: bigint | undefined;
  readonly perRequestBufferLimitBytes?: number | undefined;
}): number | undefined {
  const { requestBodyBufferLimit: limit } = message;
  return limit === undefined ? message.perRequestBufferLimitBytes : Number(limit);
}
