import path from 'node:path';
import { OperatorError } from '../../components/errors';
import { FolderStore } from './folder-store';
import { parseS3Address } from './s3-address';
import { openS3Store } from './s3-store';
import type { ControlStore } from './store';

/**
 * Opens the place where journals and locks lie, without asking it anything yet.
 *
 * @param address `s3://bucket/prefix`, or a folder: a path relative to the project directory, or a `file://` address.
 * @throws OperatorError ('bad-input', 'not-implemented') for an address that cannot be used. It repeats no credentials.
 */
export async function openControlStore(address: string, projectDirectory: string): Promise<ControlStore> {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase() ?? null;
  if (scheme !== null && holdsCredentials(address)) {
    throw new OperatorError('bad-input', 'The address of the control storage holds credentials.', {
      hint: 'Take them out of the address, change them, and give the new ones by the environment or a profile.',
    });
  }
  switch (scheme) {
    case null:
      return new FolderStore(path.resolve(projectDirectory, address));
    case 'file':
      return new FolderStore(path.resolve(projectDirectory, decodeURIComponent(address.slice('file://'.length))));
    case 's3':
      return openS3Store(parseS3Address(address));
    default:
      throw new OperatorError('not-implemented', `Control storage at ${scheme}:// is not implemented.`, {
        hint: 'Use a bucket that speaks the S3 protocol (s3://bucket/prefix), or a folder that both machines see.',
      });
  }
}

/** A user or password before the host, of the address or of an endpoint in it, or a parameter that is named as a secret. */
function holdsCredentials(address: string): boolean {
  const [place = '', query = ''] = address.split('?', 2);
  const parameters = [...new URLSearchParams(query)];
  return [place, ...parameters.map(([, value]) => value)].some(hasUser) || parameters.some(([name]) => isSecret(name));
}

function hasUser(address: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i.test(address);
}

function isSecret(name: string): boolean {
  return /key|secret|token|password|credential|signature|^sig$/i.test(name);
}
