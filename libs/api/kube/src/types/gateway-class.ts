// Made by tools/generate-types.mjs from schemas/gateway-api.json: Gateway API's GatewayClass. Do not edit.

export interface GatewayClassSpec {
  readonly controllerName: string;
  readonly description?: string;
  readonly parametersRef?: GatewayClassParametersRef;
}

export interface GatewayClassParametersRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}
