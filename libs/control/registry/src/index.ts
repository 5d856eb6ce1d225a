export { decodeRegistration, type DecodedRegistration } from './registration.decode.ts';
export {
  RegistrationStore,
  type RegistrationListener,
  type RegistrationMemory,
  type RegistrationStoreOptions,
} from './registration-store.ts';
export {
  registrationRoutes,
  type RegistryRequest,
  type RegistryResponse,
  type RegistryRoutes,
  type RegistryTokens,
} from './registration-routes.ts';
