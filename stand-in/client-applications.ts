import type { ClientApplication, ProjectMembership } from '@medplum/fhirtypes';
import type { Queryable } from './database';
import { insertResource } from './insert-resource';

/** A client application with its membership in a project, as Medplum makes them. */
export async function insertClientApplication(
  client: Queryable,
  projectId: string,
  application: Pick<ClientApplication, 'id' | 'name' | 'secret'>
): Promise<ClientApplication> {
  const written = await insertResource<ClientApplication>(
    client,
    { resourceType: 'ClientApplication', ...application },
    projectId
  );
  const reference = { reference: `ClientApplication/${written.id ?? ''}`, display: application.name };
  await insertResource<ProjectMembership>(
    client,
    {
      resourceType: 'ProjectMembership',
      project: { reference: `Project/${projectId}` },
      user: reference,
      profile: reference,
    },
    projectId
  );
  return written;
}
