/*
 * Types that Medplum seeds or writes for itself. A fresh, empty server has them too, so they say nothing about whether
 * an environment's own data was restored; Binary is left out as Medplum has no search for it.
 */
const PLATFORM_TYPES: ReadonlySet<string> = new Set([
  'AccessPolicy',
  'Agent',
  'AsyncJob',
  'AuditEvent',
  'Binary',
  'Bot',
  'BulkDataExport',
  'Bundle',
  'CapabilityStatement',
  'ClientApplication',
  'CodeSystem',
  'CompartmentDefinition',
  'ConceptMap',
  'Cron',
  'DomainConfiguration',
  'GraphDefinition',
  'ImplementationGuide',
  'JsonWebKey',
  'Login',
  'MessageDefinition',
  'NamingSystem',
  'OperationDefinition',
  'OperationOutcome',
  'Parameters',
  'PasswordChangeRequest',
  'Project',
  'ProjectMembership',
  'SearchParameter',
  'SmartAppLaunch',
  'StructureDefinition',
  'StructureMap',
  'Subscription',
  'SubscriptionStatus',
  'TerminologyCapabilities',
  'User',
  'UserConfiguration',
  'UserSecurityRequest',
  'ValueSet',
  'ViewDefinition',
]);

/** Whether resources of the type are an environment's own data rather than the platform's. */
export function isClinicalType(resourceType: string): boolean {
  return !PLATFORM_TYPES.has(resourceType);
}
