import { accepted, badRequest, isUUID, notFound, OperationOutcomeError } from '@medplum/core';
import type { AsyncJob, Project } from '@medplum/fhirtypes';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { assertSuperAdmin, type Principal } from '../access';
import type { Application } from '../application';
import { insertClientApplication } from '../client-applications';
import { json, outcomeReply, readJsonBody, type Reply, type Request } from '../http';
import { log } from '../log';
import { readMigrationRow } from '../migrations';
import { PostgresFhirRepository } from '../repository';

const newClientSchema = z.object({ name: z.string().min(1) });

function repositoryOf({ pool, writer, configuration }: Application, principal: Principal): PostgresFhirRepository {
  return new PostgresFhirRepository({ pool, writer, baseUrl: configuration.baseUrl }, principal);
}

/** `POST /admin/projects/{id}/client` with `{name}`: a new client of that project, with its secret. */
export async function createClient(
  application: Application,
  request: Request,
  principal: Principal,
  projectId: string
): Promise<Reply> {
  assertSuperAdmin(principal);
  const body = newClientSchema.safeParse(await readJsonBody(request.message));
  if (!body.success) {
    throw new OperationOutcomeError(badRequest('Client name is required', 'name'));
  }
  const project = isUUID(projectId)
    ? await repositoryOf(application, principal).readResource<Project>('Project', projectId)
    : undefined;
  if (project === undefined) {
    throw new OperationOutcomeError(notFound);
  }
  const secret = randomBytes(32).toString('hex');
  return json(201, await insertClientApplication(application.pool, project.id, { name: body.data.name, secret }));
}

/** `GET /admin/super/migrations`: the post-deploy migrations this server knows, and the next one pending; 0 for none. */
export async function migrations(application: Application, principal: Principal): Promise<Reply> {
  assertSuperAdmin(principal);
  const { dataVersion } = application.configuration.migrations;
  const row = await readMigrationRow(application.pool);
  const done = row?.dataVersion ?? 0;
  return json(200, {
    postDeployMigrations: Array.from({ length: dataVersion }, (_, index) => index + 1),
    pendingPostDeployMigration: done < dataVersion ? done + 1 : 0,
  });
}

/** `GET /admin/super/cron`, which Medplum does not have: the schedules, so that their loss can be seen. */
export async function cronSchedules(application: Application, principal: Principal): Promise<Reply> {
  assertSuperAdmin(principal);
  return json(200, { schedules: await application.cron.list() });
}

/** `POST /admin/super/reloadcron`: makes the schedules anew from the bots, followed through an AsyncJob. */
export async function reloadCron(application: Application, request: Request, principal: Principal): Promise<Reply> {
  assertSuperAdmin(principal);
  if (request.message.headers['prefer'] !== 'respond-async') {
    throw new OperationOutcomeError(badRequest('Operation requires "Prefer: respond-async"'));
  }
  const repository = repositoryOf(application, principal);
  const { baseUrl } = application.configuration;
  const job = await repository.createResource<AsyncJob>({
    resourceType: 'AsyncJob',
    status: 'accepted',
    request: `${baseUrl}admin/super/reloadcron`,
    requestTime: new Date().toISOString(),
  });
  void runReload(application, repository, job);
  const location = `${baseUrl}fhir/R4/job/${job.id}/status`;
  const reply = outcomeReply(accepted(location));
  return { ...reply, headers: { ...reply.headers, 'content-location': location } };
}

async function runReload(application: Application, repository: PostgresFhirRepository, job: AsyncJob): Promise<void> {
  const end = async (status: 'completed' | 'error'): Promise<void> => {
    await repository.updateResource<AsyncJob>({ ...job, status, transactionTime: new Date().toISOString() });
  };
  try {
    const schedules = await application.cron.reload(application.pool);
    await end('completed');
    log('INFO', 'Cron schedules reloaded', { schedules });
  } catch (error) {
    log('ERROR', 'Reloading cron schedules failed', { error: error instanceof Error ? error.message : String(error) });
    await end('error').catch((second: unknown) => {
      log('ERROR', 'The job of the reload could not be ended', { job: job.id, error: String(second) });
    });
  }
}

/** `GET /fhir/R4/job/{id}/status`: 202 while the job runs, 200 with the AsyncJob when it has ended. */
export async function jobStatus(application: Application, principal: Principal, id: string): Promise<Reply> {
  const job = await repositoryOf(application, principal).readResource<AsyncJob>('AsyncJob', id);
  return json(['accepted', 'active'].includes(job.status) ? 202 : 200, job);
}
