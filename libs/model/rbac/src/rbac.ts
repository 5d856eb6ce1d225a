import type { RbacRequest, RequestTest } from './request.ts';

/** One policy: it matches where one of its permissions and one of its principals do. */
export interface RbacPolicy {
  readonly name: string;
  readonly permission: RequestTest;
  readonly principal: RequestTest;
}

/** Source: envoy.config.rbac.v3.RBAC. Policies are in the order of their names, as Envoy tries them. */
export interface Rbac {
  readonly action: 'ALLOW' | 'DENY' | 'LOG';
  readonly policies: readonly RbacPolicy[];
}

export interface RbacDecision {
  readonly allowed: boolean;
  /** The policy that matched; undefined where none did. */
  readonly policy: string | undefined;
}

/** ALLOW lets pass what a policy matches, DENY what none matches, LOG everything. */
export function evaluate(rbac: Rbac, request: RbacRequest): RbacDecision {
  const policy = rbac.policies.find(({ permission, principal }) => permission(request) && principal(request))?.name;
  switch (rbac.action) {
    case 'ALLOW':
      return { allowed: policy !== undefined, policy };
    case 'DENY':
      return { allowed: policy === undefined, policy };
    case 'LOG':
      return { allowed: true, policy };
  }
}
