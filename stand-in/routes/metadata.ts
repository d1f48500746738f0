import type { CapabilityStatement } from '@medplum/fhirtypes';
import type { Application } from '../application';
import { fhir, type Reply } from '../http';
import { resourceTypes } from '../resource-types';

/** A small CapabilityStatement. Needs no login, as Medplum's does not. */
export function metadata({ configuration }: Application): Reply {
  const statement: CapabilityStatement = {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2025-12-26',
    kind: 'instance',
    fhirVersion: '4.0.1',
    format: ['json'],
    software: { name: 'medplum-dr stand-in for Medplum', version: configuration.serverVersion },
    implementation: { description: 'A stand-in for Medplum', url: `${configuration.baseUrl}fhir/R4` },
    rest: [
      {
        mode: 'server',
        resource: resourceTypes.map((type) => ({
          type,
          interaction: [{ code: 'create' }, { code: 'read' }, { code: 'search-type' }, { code: 'update' }],
        })),
        interaction: [{ code: 'batch' }, { code: 'transaction' }],
      },
    ],
  };
  return fhir(200, statement);
}
