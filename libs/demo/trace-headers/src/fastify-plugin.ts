import type { FastifyPluginCallback } from 'fastify';
import { runWithTraceHeaders } from './trace-headers.ts';

const plugin: FastifyPluginCallback = (app, _options, done) => {
  // After the body is read: the events of the socket that bring it are outside the context of an earlier hook.
  app.addHook('preHandler', (request, _reply, next) => runWithTraceHeaders(request.headers, next));
  done();
};

/** Makes `outgoingTraceHeaders()` work in every handler of the server it is registered on. */
export const traceHeaders: FastifyPluginCallback = Object.assign(plugin, {
  // fastify's mark for a plugin whose hooks belong to the server that registers it, not to a child of its own.
  [Symbol.for('skip-override')]: true,
});
