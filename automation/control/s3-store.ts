import { randomUUID } from 'node:crypto';
import type * as Sdk from '@aws-sdk/client-s3';
import { OperatorError } from '../../components/errors';
import type { S3Address } from './s3-address';
import { asOperatorError, statusOf } from './s3-failure';
import type { ControlStore } from './store';

/** How often a write is tried again that met another one on the same key (HTTP 409). */
const CONFLICTS = 10;

/** The SDK is loaded here and nowhere else: who keeps a folder does not wait for it. */
export async function openS3Store(address: S3Address): Promise<ControlStore> {
  return new S3Store(await import('@aws-sdk/client-s3'), address);
}

/** A bucket of S3, or of a server that speaks its protocol and honours conditional writes. */
class S3Store implements ControlStore {
  readonly address: string;
  readonly #sdk: typeof Sdk;
  readonly #client: Sdk.S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  /** Whether the server was seen to refuse a second object of one key. */
  #refusesSecond = false;

  constructor(sdk: typeof Sdk, { bucket, prefix, region, endpoint, forcePathStyle }: S3Address) {
    this.address = `s3://${bucket}/${prefix}${endpoint === null ? '' : ` at ${endpoint}`}`;
    this.#sdk = sdk;
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#client = new sdk.S3Client({
      ...(region === null ? {} : { region }),
      ...(endpoint === null ? {} : { endpoint }),
      forcePathStyle,
      // Without limits a server that accepts and never answers would hold a recovery up for ever.
      requestHandler: { connectionTimeout: 5000, requestTimeout: 10_000, throwOnRequestTimeout: true },
    });
  }

  async create(key: string, text: string): Promise<boolean> {
    return this.#told(async () => {
      const writer = randomUUID();
      if (!(await this.#putNew(key, text, writer))) {
        // The answer to a write that was made can be lost; its repetition by the SDK then fails.
        return await this.#isBy(key, writer);
      }
      if (!this.#refusesSecond) {
        if (await this.#putNew(key, text, writer)) {
          await this.remove(key);
          throw new OperatorError('bad-input', `${this.address}: this server ignores conditions on writes.`, {
            hint: 'Two drivers could hold one environment there. Use a server that honours If-None-Match, as S3 does.',
          });
        }
        this.#refusesSecond = true;
      }
      return true;
    });
  }

  async replace(key: string, text: string): Promise<void> {
    await this.#told(() => this.#client.send(new this.#sdk.PutObjectCommand({ ...this.#at(key), ...bodyOf(text) })));
  }

  async read(key: string): Promise<string | null> {
    return this.#told(async () => {
      try {
        const { Body } = await this.#client.send(new this.#sdk.GetObjectCommand(this.#at(key)));
        return (await Body?.transformToString('utf-8')) ?? '';
      } catch (error) {
        if (error instanceof this.#sdk.NoSuchKey) {
          return null;
        }
        throw error;
      }
    });
  }

  async list(prefix: string): Promise<string[]> {
    return this.#told(async () => {
      const query = { Bucket: this.#bucket, Prefix: `${this.#prefix}${prefix}` };
      const keys: string[] = [];
      for await (const page of this.#sdk.paginateListObjectsV2({ client: this.#client }, query)) {
        keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key.slice(this.#prefix.length)));
      }
      return keys.sort();
    });
  }

  async remove(key: string): Promise<void> {
    await this.#told(() => this.#client.send(new this.#sdk.DeleteObjectCommand(this.#at(key))));
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: `${this.#prefix}${key}` };
  }

  /**
   * A write that only makes: 412 says that there is an object, 409 that another write was going on and that this one
   * may be tried again (Amazon S3 user guide, "How to prevent object overwrites with conditional writes").
   */
  async #putNew(key: string, text: string, writer: string): Promise<boolean> {
    const put = { ...this.#at(key), ...bodyOf(text), Metadata: { writer }, IfNoneMatch: '*' };
    for (let conflicts = 0; ; conflicts++) {
      try {
        await this.#client.send(new this.#sdk.PutObjectCommand(put));
        return true;
      } catch (error) {
        const status = statusOf(error);
        if (status === 412) {
          return false;
        }
        if (status !== 409 || conflicts === CONFLICTS) {
          throw error;
        }
      }
    }
  }

  async #isBy(key: string, writer: string): Promise<boolean> {
    try {
      const { Metadata } = await this.#client.send(new this.#sdk.HeadObjectCommand(this.#at(key)));
      return Metadata?.['writer'] === writer;
    } catch (error) {
      if (statusOf(error) === 404) {
        return false;
      }
      throw error;
    }
  }

  async #told<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw error instanceof OperatorError ? error : asOperatorError(error, this.address);
    }
  }
}

/** The SDK does not count an empty text and warns on stderr of a stream of unknown length (seen on client-s3 3.1175.0). */
function bodyOf(text: string): { Body: string; ContentLength: number } {
  return { Body: text, ContentLength: Buffer.byteLength(text) };
}
