import { tmpdir } from 'node:os';
import path from 'node:path';

const PRETENDED = {
  AWS_ACCESS_KEY_ID: 'AKIAPRETENDED',
  AWS_SECRET_ACCESS_KEY: 'pretended',
  AWS_CONFIG_FILE: path.join(tmpdir(), 'medplum-dr-no-aws-config'),
  AWS_SHARED_CREDENTIALS_FILE: path.join(tmpdir(), 'medplum-dr-no-aws-credentials'),
  AWS_EC2_METADATA_DISABLED: 'true',
};
type Name = keyof typeof PRETENDED | 'AWS_SESSION_TOKEN' | 'AWS_PROFILE' | 'AWS_REGION' | 'AWS_DEFAULT_REGION';

/** Keeps the account of whoever runs the tests out of them, from the call until `restore`; `changes` come on top. */
export function withAwsEnvironment(changes: Partial<Record<Name, string | undefined>> = {}): { restore: () => void } {
  const none = {
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    AWS_REGION: undefined,
    AWS_DEFAULT_REGION: undefined,
  };
  const wanted = Object.entries({ ...none, ...PRETENDED, ...changes });
  const found = wanted.map(([name]) => [name, process.env[name]] as const);
  setAll(wanted);
  return {
    restore: () => {
      setAll(found);
    },
  };
}

function setAll(variables: readonly (readonly [string, string | undefined])[]): void {
  for (const [name, value] of variables) {
    if (value === undefined) {
      Reflect.deleteProperty(process.env, name);
    } else {
      process.env[name] = value;
    }
  }
}
