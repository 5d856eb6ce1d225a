export {
  RegistrationStore,
  type RegistrationListener,
  type RegistrationMemory,
  type RegistrationStoreOptions,
} from './registration-store.ts';
export {
  registrationRoutes,
  type RegistryConflict,
  type RegistryRequest,
  type RegistryResponse,
  type RegistryRoutes,
  type RegistryTokens,
} from './registration-routes.ts';
export type { RegistrationHolder, RegistrationRun } from './registration-run.ts';
export {
  DEREGISTER,
  encodeRegistrationCall,
  REGISTER,
  statusOfCode,
  type RegistrationCall,
} from './registration-calls.ts';
export { registrationService, type RegistrationServiceOptions } from './registration-service.ts';
export {
  CONTROL_PLANE_NAME,
  NO_DEFAULTS,
  readPlace,
  readRoots,
  writePlace,
  type BootstrapDefaults,
  type ControlPlanePlace,
} from './control-plane-place.ts';
