import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readIfThere } from '../../read-if-there';

/*
 * The secret store of a local site: a file of values, each sealed with AES-256-GCM under a key that lies outside both
 * sites, as a cloud's multi-region key does. The site's other copy has the same sealed values.
 */

const sealedSchema = z.object({ nonce: z.string(), tag: z.string(), data: z.string() });
const fileSchema = z.object({ version: z.literal(1), secrets: z.record(z.string(), sealedSchema) });

/** Reads the sealing key; makes it the first time. */
export async function secretsKey(keyFile: string): Promise<Buffer> {
  await mkdir(path.dirname(keyFile), { recursive: true, mode: 0o700 });
  try {
    await writeFile(keyFile, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  }
  return Buffer.from((await readFile(keyFile, 'utf8')).trim(), 'hex');
}

/** All secrets of a store; empty when the file is not there. @throws naming the file when the key does not fit. */
export async function readSecrets(storeFile: string, key: Buffer): Promise<Map<string, string>> {
  const text = await readIfThere(storeFile);
  if (text === null) {
    return new Map();
  }
  const file = fileSchema.parse(JSON.parse(text));
  try {
    return new Map(Object.entries(file.secrets).map(([name, sealed]) => [name, open(name, sealed, key)]));
  } catch (error) {
    throw new Error(
      `the secrets in ${storeFile} cannot be opened: they were sealed under another key, or changed since`,
      { cause: error }
    );
  }
}

/** Writes the store to every place, each by rename, so that no reader sees half of it. */
export async function writeSecrets(
  places: readonly string[],
  key: Buffer,
  secrets: Map<string, string>
): Promise<void> {
  const sealed = Object.fromEntries([...secrets].map(([name, value]) => [name, seal(name, value, key)]));
  const text = JSON.stringify({ version: 1, secrets: sealed }, null, 2);
  for (const place of places) {
    await mkdir(path.dirname(place), { recursive: true });
    const temporary = `${place}.${process.pid}.partial`;
    await writeFile(temporary, text, { mode: 0o600 });
    await chmod(temporary, 0o600);
    await rename(temporary, place);
  }
}

/** A digest that shows a change of a value without telling it. */
export function digestSecret(value: string, key: Buffer): string {
  return createHmac('sha256', key).update(value).digest('hex');
}

function seal(name: string, value: string, key: Buffer): z.infer<typeof sealedSchema> {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(name));
  const data = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return { nonce: nonce.toString('hex'), tag: cipher.getAuthTag().toString('hex'), data: data.toString('hex') };
}

function open(name: string, sealed: z.infer<typeof sealedSchema>, key: Buffer): string {
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.nonce, 'hex'))
    .setAAD(Buffer.from(name))
    .setAuthTag(Buffer.from(sealed.tag, 'hex'));
  return Buffer.concat([decipher.update(Buffer.from(sealed.data, 'hex')), decipher.final()]).toString('utf8');
}
