import { isUUID, OperationOutcomeError, unauthorized } from '@medplum/core';
import type { ClientApplication, Project } from '@medplum/fhirtypes';
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Pool } from 'pg';
import type { Principal } from './access';
import type { Cache } from './cache';
import type { SigningKeys } from './keys';
import type { ResourceCache } from './resource-cache';

const tokenLifetimeInSeconds = 3600;
// Long enough to make a bulk load cheap, short enough that a revoked client notices.
const verifiedForMilliseconds = 5000;
const verifiedCapacity = 1000;

/** A client's credentials were refused; the message is Medplum's `error_description`. */
export class InvalidClientError extends Error {}

/** Checks who asks, and hands out tokens. The login behind a token lives in the cache only. */
export class Authentication {
  private readonly verified = new Map<string, { principal: Principal; expiresAt: number }>();
  private readonly parts: { pool: Pool; cache: Cache; resources: ResourceCache; keys: SigningKeys; baseUrl: string };

  constructor(parts: { pool: Pool; cache: Cache; resources: ResourceCache; keys: SigningKeys; baseUrl: string }) {
    this.parts = parts;
  }

  /** The principal of an `Authorization` header. @throws OperationOutcomeError 401 */
  async principalOf(header: string | undefined): Promise<Principal> {
    const [scheme, credentials] = header?.split(' ') ?? [];
    if (scheme === undefined || credentials === undefined) {
      throw new OperationOutcomeError(unauthorized);
    }
    const key = digest(`${scheme} ${credentials}`).toString('base64');
    const known = this.verified.get(key);
    if (known !== undefined && known.expiresAt > Date.now()) {
      return known.principal;
    }
    const principal = scheme.toLowerCase() === 'basic' ? await this.basic(credentials) : await this.bearer(credentials);
    if (principal === undefined) {
      throw new OperationOutcomeError(unauthorized);
    }
    if (this.verified.size >= verifiedCapacity) {
      this.verified.clear();
    }
    this.verified.set(key, { principal, expiresAt: Date.now() + verifiedForMilliseconds });
    return principal;
  }

  /**
   * A token of the `client_credentials` grant, and who it is for. Asks the database, so it fails without one.
   * @throws InvalidClientError
   */
  async grant(clientId: string, secret: string): Promise<{ token: string; principal: Principal; expiresIn: number }> {
    const principal = await this.checkClient(
      await this.stored<ClientApplication>('ClientApplication', clientId),
      secret
    );
    const loginId = randomUUID();
    await this.parts.cache.set([[`Login/${loginId}`, JSON.stringify(principal)]], tokenLifetimeInSeconds);
    const issuedAt = Math.floor(Date.now() / 1000);
    const token = this.parts.keys.sign({
      iss: this.parts.baseUrl,
      login_id: loginId,
      client_id: clientId,
      sub: clientId,
      username: clientId,
      scope: 'openid',
      profile: `ClientApplication/${clientId}`,
      iat: issuedAt,
      exp: issuedAt + tokenLifetimeInSeconds,
    });
    return { token, principal, expiresIn: tokenLifetimeInSeconds };
  }

  private async basic(credentials: string): Promise<Principal | undefined> {
    const text = Buffer.from(credentials, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    const clientId = text.slice(0, Math.max(colon, 0));
    try {
      return await this.checkClient(
        await this.cached<ClientApplication>('ClientApplication', clientId),
        text.slice(colon + 1)
      );
    } catch (error) {
      if (error instanceof InvalidClientError) {
        return undefined;
      }
      throw error;
    }
  }

  private async bearer(token: string): Promise<Principal | undefined> {
    const claims = this.parts.keys.verify(token);
    if (claims?.iss !== this.parts.baseUrl) {
      return undefined;
    }
    const login = await this.parts.cache.get(`Login/${claims.login_id}`);
    return login === undefined ? undefined : (JSON.parse(login) as Principal);
  }

  private async checkClient(application: ClientApplication | undefined, secret: string): Promise<Principal> {
    const projectId = application?.meta?.project;
    if (application?.id === undefined || projectId === undefined) {
      throw new InvalidClientError('Invalid client');
    }
    if (application.secret === undefined || !timingSafeEqual(digest(application.secret), digest(secret))) {
      throw new InvalidClientError('Invalid secret');
    }
    const project = await this.cached<Project>('Project', projectId);
    if (project === undefined) {
      throw new InvalidClientError('Invalid client');
    }
    return { clientId: application.id, projectId, superAdmin: project.superAdmin === true };
  }

  private async cached<T extends ClientApplication | Project>(
    type: T['resourceType'],
    id: string
  ): Promise<T | undefined> {
    const cached = await this.parts.resources.get(type, id);
    if (cached !== undefined) {
      return cached as T;
    }
    const stored = await this.stored<T>(type, id);
    if (stored?.id !== undefined) {
      await this.parts.resources.put({ ...stored, id: stored.id });
    }
    return stored;
  }

  private async stored<T extends ClientApplication | Project>(
    type: T['resourceType'],
    id: string
  ): Promise<T | undefined> {
    if (!isUUID(id)) {
      return undefined;
    }
    const result = await this.parts.pool.query<{ content: string }>(
      `SELECT content FROM "${type}" WHERE id = $1 AND NOT deleted`,
      [id]
    );
    const content = result.rows[0]?.content;
    return content === undefined ? undefined : (JSON.parse(content) as T);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
