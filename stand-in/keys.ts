import type { JsonWebKey as JsonWebKeyResource } from '@medplum/fhirtypes';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import type { Pool } from 'pg';
import { z } from 'zod';
import type { Queryable } from './database';
import { insertResource } from './insert-resource';
import { log } from './log';

/** A public key as `/.well-known/jwks.json` shows it. */
export interface PublicKey {
  readonly kid: string;
  readonly alg: 'ES256';
  readonly kty: 'EC';
  readonly use: 'sig';
  readonly x: string;
  readonly y: string;
  readonly crv: 'P-256';
}

interface SigningKey {
  readonly shown: PublicKey;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const storedKeySchema = z.object({ id: z.guid(), x: z.string(), y: z.string(), d: z.string() });
const headerSchema = z.object({ alg: z.literal('ES256'), kid: z.string() });
const claimsSchema = z.object({ iss: z.string(), login_id: z.string(), client_id: z.string(), exp: z.number() });

export type Claims = z.output<typeof claimsSchema>;

/** Makes an ES256 key as a JsonWebKey row. The private part lies in the row, as Medplum's does. */
export async function createSigningKey(client: Queryable): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y, d } = privateKey.export({ format: 'jwk' });
  const resource: JsonWebKeyResource = {
    resourceType: 'JsonWebKey',
    active: true,
    alg: 'ES256',
    kty: 'EC',
    use: 'sig',
    crv: 'P-256',
    x,
    y,
    d,
  };
  await insertResource(client, resource);
}

/** The keys that tokens are signed and checked with. */
export class SigningKeys {
  private readonly keys: readonly SigningKey[];

  private constructor(keys: readonly SigningKey[]) {
    this.keys = keys;
  }

  /** Loads the active keys, and makes one when there is none. The oldest comes first and signs. */
  static async load(pool: Pool): Promise<SigningKeys> {
    const select = 'SELECT content FROM "JsonWebKey" WHERE active AND NOT deleted ORDER BY "lastUpdated", id';
    let { rows } = await pool.query<{ content: string }>(select);
    if (rows.length === 0) {
      log('INFO', 'No keys found.  Creating new key...');
      await createSigningKey(pool);
      ({ rows } = await pool.query<{ content: string }>(select));
    }
    log('INFO', `Loaded ${String(rows.length)} key(s) from the database`);
    return new SigningKeys(rows.map(({ content }) => signingKeyOf(content)));
  }

  /** What `/.well-known/jwks.json` shows. */
  get shown(): readonly PublicKey[] {
    return this.keys.map((key) => key.shown);
  }

  /** A signed JSON Web Token. */
  sign(claims: Claims & Record<string, unknown>): string {
    const [key] = this.keys;
    if (key === undefined) {
      throw new Error('There is no signing key');
    }
    const signed = `${encoded({ alg: 'ES256', kid: key.shown.kid, typ: 'JWT' })}.${encoded(claims)}`;
    const signature = sign('sha256', Buffer.from(signed), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${signature.toString('base64url')}`;
  }

  /** The claims of a token that one of the keys signed and that has not expired; undefined for any other text. */
  verify(token: string): Claims | undefined {
    const [header, claims, signature, ...rest] = token.split('.');
    if (header === undefined || claims === undefined || signature === undefined || rest.length > 0) {
      return undefined;
    }
    const parsedHeader = headerSchema.safeParse(decoded(header));
    const key = this.keys.find(({ shown }) => shown.kid === parsedHeader.data?.kid);
    const isSigned =
      key !== undefined &&
      verify(
        'sha256',
        Buffer.from(`${header}.${claims}`),
        { key: key.publicKey, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url')
      );
    const parsedClaims = claimsSchema.safeParse(isSigned ? decoded(claims) : undefined);
    return parsedClaims.success && parsedClaims.data.exp * 1000 > Date.now() ? parsedClaims.data : undefined;
  }
}

function signingKeyOf(content: string): SigningKey {
  const { id, x, y, d } = storedKeySchema.parse(JSON.parse(content));
  const curve = { kty: 'EC', crv: 'P-256' } as const;
  return {
    shown: { kid: id, alg: 'ES256', ...curve, use: 'sig', x, y },
    publicKey: createPublicKey({ key: { ...curve, x, y }, format: 'jwk' }),
    privateKey: createPrivateKey({ key: { ...curve, x, y, d }, format: 'jwk' }),
  };
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    // Not JSON: whoever asked gets what no schema accepts.
    return undefined;
  }
}
