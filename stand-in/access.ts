import { badRequest, forbidden, notFound, OperationOutcomeError } from '@medplum/core';
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { isKnownResourceType } from './resource-types';

/** Who asks: a client application of one project. */
export interface Principal {
  readonly clientId: string;
  readonly projectId: string;
  readonly superAdmin: boolean;
}

// Medplum's protected and project-admin types, and the clients, whose rows hold secrets.
const superAdminTypes: ReadonlySet<string> = new Set<ResourceType>([
  'ClientApplication',
  'DomainConfiguration',
  'JsonWebKey',
  'Login',
  'PasswordChangeRequest',
  'Project',
  'ProjectMembership',
  'User',
  'UserSecurityRequest',
]);

/** The name as a resource type this principal may use. @throws OperationOutcomeError */
export function allowedType(principal: Principal, name: string): ResourceType {
  if (!isKnownResourceType(name)) {
    throw new OperationOutcomeError(badRequest(`Unknown resource type: ${name}`));
  }
  if (superAdminTypes.has(name) && !principal.superAdmin) {
    throw new OperationOutcomeError(forbidden);
  }
  return name;
}

/** Refuses what belongs to another project as if it were not there. @throws OperationOutcomeError */
export function assertVisible(principal: Principal, resource: Resource): void {
  if (!principal.superAdmin && resource.meta?.project !== principal.projectId) {
    throw new OperationOutcomeError(notFound);
  }
}

/** @throws OperationOutcomeError */
export function assertSuperAdmin(principal: Principal): void {
  if (!principal.superAdmin) {
    throw new OperationOutcomeError(forbidden);
  }
}
