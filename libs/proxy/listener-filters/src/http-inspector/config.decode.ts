import type { FieldSupport } from '@weft/api-envoy';

/** It has nothing to configure. */
export const httpInspectorSupport: FieldSupport = {
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector': [],
};
