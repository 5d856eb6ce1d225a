export { createCatalogServer, type CatalogService } from './catalog-server.ts';
export { corsHeaders } from './cors.ts';
export { stringifyLikeGo, stringsFromJson } from './go-json.ts';
export { routeRequest, type RoutingDecision, type ServiceRoute } from './go-routing.ts';
export { redisKeyStore, type KeyStore, type RedisAddress } from './key-store.ts';
export { runService, type ServiceRun } from './run-service.ts';
export { readServiceEnv, type Env, type ServiceEnv } from './service-env.ts';
export { openSettings, type Settings, type SettingsSources } from './settings.ts';
