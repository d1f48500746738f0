import { allOk, created, serverError } from '@medplum/core';
import type { Binary } from '@medplum/fhirtypes';
import type { Principal } from '../access';
import type { Application } from '../application';
import { outcomeReply, readBody, type Reply, type Request } from '../http';
import { PostgresFhirRepository } from '../repository';
import { reply } from './fhir';

function repositoryOf({ pool, writer, configuration }: Application, principal: Principal): PostgresFhirRepository {
  return new PostgresFhirRepository({ pool, writer, baseUrl: configuration.baseUrl }, principal);
}

/** `POST /fhir/R4/Binary` and `PUT /fhir/R4/Binary/{id}`: the body is the bytes, whatever they are. */
export async function writeBinary(
  application: Application,
  request: Request,
  principal: Principal,
  id: string | undefined
): Promise<Reply> {
  const { message } = request;
  const contentType = message.headers['content-type'] ?? 'application/octet-stream';
  const bytes = await readBody(message);
  const binary: Binary = { resourceType: 'Binary', contentType, data: bytes.toString('base64') };
  const repository = repositoryOf(application, principal);
  return id === undefined
    ? reply(application, created, await repository.createResource(binary))
    : reply(application, allOk, await repository.updateResource({ ...binary, id }));
}

/** `GET /fhir/R4/Binary/{id}`: the bytes, or with `Accept: application/fhir+json` the resource. */
export async function readBinary(
  application: Application,
  request: Request,
  principal: Principal,
  id: string
): Promise<Reply> {
  const binary = await repositoryOf(application, principal).readResource<Binary>('Binary', id);
  if (request.message.headers.accept?.includes('application/fhir+json') === true) {
    return reply(application, allOk, binary);
  }
  try {
    const content = await application.storage.read(id, binary.meta?.versionId ?? '');
    return { status: 200, headers: { 'content-type': binary.contentType }, content };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      // Seen on Medplum 5.0.10: the row is found, the file is not, and that is a 500.
      return outcomeReply(serverError(new Error(`The bytes of Binary/${id} are missing from storage`)));
    }
    throw error;
  }
}
