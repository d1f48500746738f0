import { z } from 'zod';
import { json, type ApiClient, type ClientCredentials } from './api-client';

export interface ProvisionedProject extends ClientCredentials {
  readonly projectId: string;
}

const clientSchema = z.object({ id: z.string(), secret: z.string() });

/**
 * Makes an ordinary project and a client of it. Such a client proves a restore: a freshly seeded, empty Medplum has the
 * same default super admin, and refuses this one.
 * @param superAdmin a client of the super admin's project.
 */
export async function createProject(superAdmin: ApiClient, name: string): Promise<ProvisionedProject> {
  const project = await superAdmin.create({ resourceType: 'Project', name });
  const answer = await superAdmin.request({
    method: 'POST',
    path: `admin/projects/${project.id}/client`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  const client = clientSchema.parse(json(answer));
  return { projectId: project.id, clientId: client.id, clientSecret: client.secret };
}
