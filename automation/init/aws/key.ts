import { ask, clientOptions } from './ask';

/** What the key of something encrypted means for its copies. @returns null where no key is named. */
export async function keyNote(
  config: { readonly region: string | (() => Promise<string>) },
  key: string | undefined,
  what: string
): Promise<string | null> {
  if (key === undefined) {
    return `The ${what} is not encrypted with a key of KMS: its copies cannot be either, until it is.`;
  }
  const region = typeof config.region === 'string' ? config.region : await config.region();
  const answer = await ask('kms:DescribeKey', async () => {
    const { KMSClient, DescribeKeyCommand } = await import('@aws-sdk/client-kms');
    return new KMSClient(clientOptions(region)).send(new DescribeKeyCommand({ KeyId: key }));
  });
  if ('failed' in answer) {
    return `Not checked whose key encrypts the ${what}: ${answer.failed}.`;
  }
  return answer.value.KeyMetadata?.KeyManager === 'AWS'
    ? `The ${what} is encrypted with a key that AWS manages: it can be copied to another region, never to another account.`
    : `The ${what} is encrypted with the key ${key}; whoever copies it must be allowed to use that key.`;
}
