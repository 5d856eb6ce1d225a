// Made by tools/generate-types.mjs. Do not edit.

export * from './destination-rule.ts';
export * from './gateway.ts';
export * from './service-entry.ts';
export * from './sidecar.ts';
export * from './virtual-service.ts';
export * from './workload-entry.ts';
export * from './workload-group.ts';
export * from './authorization-policy.ts';
export * from './peer-authentication.ts';
export * from './http-route.ts';
export * from './grpc-route.ts';
export * from './k8s-gateway.ts';
export * from './gateway-class.ts';
export * from './reference-grant.ts';
export * from './service-profile.ts';
export * from './service.ts';
export * from './namespace.ts';
export * from './secret.ts';
export * from './service-account.ts';
export * from './config-map.ts';
export * from './spec-of.ts';
