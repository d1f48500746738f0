import type { Project, ProjectMembership, User } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { insertClientApplication } from './client-applications';
import type { ServerConfiguration } from './configuration';
import type { Queryable } from './database';
import { insertResource } from './insert-resource';
import { createSigningKey } from './keys';
import { log } from './log';

/**
 * Fills an empty database as Medplum does: a super-admin project, its user, the configured default client, a signing
 * key. This is why a healthy server is no proof of a restore: it would have seeded an empty database just so.
 */
export async function seed(client: Queryable, configuration: ServerConfiguration): Promise<void> {
  log('INFO', 'Seeding database...');
  const id = randomUUID();
  const project: Project = { resourceType: 'Project', id, name: 'Super Admin', superAdmin: true, strictMode: true };
  await insertResource(client, project, id);
  const user: User = { resourceType: 'User', firstName: 'Medplum', lastName: 'Admin', email: 'admin@example.com' };
  const { id: userId } = await insertResource(client, user);
  await insertResource<ProjectMembership>(
    client,
    {
      resourceType: 'ProjectMembership',
      project: { reference: `Project/${id}` },
      user: { reference: `User/${userId ?? ''}` },
      profile: { reference: `User/${userId ?? ''}` },
      admin: true,
    },
    id
  );
  if (configuration.superAdminClient !== undefined) {
    await insertClientApplication(client, id, {
      ...configuration.superAdminClient,
      name: 'Default Super Admin Client',
    });
  }
  await createSigningKey(client);
}
