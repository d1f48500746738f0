import { expect } from 'chai';
import type { Recording, Registration } from '../support/pulumi-mocks';
import {
  ACCOUNT,
  exampleConfig,
  ofType,
  recordStack,
  recoveryOf,
  SECRET_VALUES,
  theOne,
} from './support/example-stacks';

/** Parameters by name. */
function parameters(recording: Recording): Record<string, Registration['inputs']> {
  const made = ofType(recording, 'ssm/parameter:Parameter');
  return Object.fromEntries(made.map(({ inputs }) => [String(inputs['name']), inputs]));
}

/** JSON of the secret's version, that the resource has as a secret. */
function contents({ inputs }: Registration): Record<string, unknown> {
  const { secret } = inputs['secretString'] as { secret: string };
  return JSON.parse(secret) as Record<string, unknown>;
}

function version(recording: Recording, kind: 'database' | 'redis'): Registration {
  const found = ofType(recording, 'secretsmanager/secretVersion:SecretVersion').find(({ name }) =>
    kind === 'database' ? name.endsWith('-database-access') : name.endsWith('-cache-access')
  );
  if (found === undefined) {
    throw new Error(`no version of the ${kind} secret`);
  }
  return found;
}

const withSecrets = (stack: string): Record<string, unknown> => ({
  ...exampleConfig(stack),
  secrets: { signingKey: SECRET_VALUES.signingKey, superAdminClientId: 'an-id', verificationClientSecret: 'a-secret' },
});

describe('secrets on AWS', () => {
  it('writes what Medplum reads of database and cache, at home', async () => {
    const recording = await recordStack(exampleConfig('aws-backup-restore'), 'aws-backup-restore');
    expect(contents(version(recording, 'database'))).to.deep.equal({
      engine: 'postgres',
      host: 'instance.example',
      port: 5432,
      dbname: 'medplum',
      username: 'clusteradmin',
      password: 'made-up-password',
      ssl: { require: true, rejectUnauthorized: false },
    });
    expect(contents(version(recording, 'redis'))).to.deep.equal({
      host: 'redis.example',
      port: 6379,
      password: 'made-up-password',
      tls: {},
    });
  });

  it('proves whom it talks to when config has the authorities', async () => {
    const values = exampleConfig('aws-backup-restore');
    const ca = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----';
    const application = { ...(values['application'] as object), databaseCertificates: ca };
    const recording = await recordStack({ ...values, application }, 'aws-backup-restore');
    expect(contents(version(recording, 'database'))['ssl']).to.deep.equal({
      require: true,
      ca,
      rejectUnauthorized: true,
    });
  });

  it('writes the whole configuration of the server below its path, in both regions', async () => {
    const home = parameters(await recordStack(withSecrets('aws-pilot-light'), 'aws-pilot-light'));
    const away = parameters(await recordStack(withSecrets('aws-pilot-light-standby'), 'aws-pilot-light-standby'));
    expect(Object.keys(away)).to.have.members(Object.keys(home));
    const same = ['baseUrl', 'port', 'appBaseUrl', 'supportEmail', 'signingKey', 'defaultSuperAdminClientId'];
    const value = (values: typeof home, key: string): unknown => {
      const made = values[`/medplum/prod/${key}`];
      return made?.['insecureValue'] ?? made?.['value'];
    };
    for (const key of same) {
      expect(value(away, key), key).to.deep.equal(value(home, key)).and.not.equal(undefined);
    }
    expect([value(home, 'awsRegion'), value(away, 'awsRegion')]).to.deep.equal(['eu-central-1', 'eu-west-1']);
    expect(value(home, 'binaryStorage')).to.equal('s3:example-pilot-light-binaries-frankfurt');
    expect(value(away, 'binaryStorage')).to.equal('s3:example-pilot-light-binaries-dublin');
    expect(value(away, 'DatabaseSecrets')).to.equal('arn:of:"medplum-dr-aws-pilot-light/dublin/database"');
    expect(value(away, 'botLambdaRoleArn')).to.include('eu-west-1-bot');
  });

  it('keeps what is secret sealed, and the values of this program apart from Medplum’s', async () => {
    const made = parameters(await recordStack(withSecrets('aws-backup-restore'), 'aws-backup-restore'));
    expect(made['/medplum/prod/signingKey']).to.deep.include({
      type: 'SecureString',
      value: { secret: SECRET_VALUES.signingKey },
    });
    expect(made['/medplum-dr/aws-backup-restore/verificationClientSecret']).to.include({ type: 'SecureString' });
    expect(Object.keys(made)).not.to.include('/medplum/prod/verificationClientSecret');
    expect(Object.keys(made)).not.to.include('/medplum-dr/aws-backup-restore/signingKey');
  });

  it('replicates home’s database secret, under another name than the recovery region’s own', async () => {
    const home = await recordStack(exampleConfig('aws-pilot-light'), 'aws-pilot-light');
    const away = await recordStack(exampleConfig('aws-pilot-light-standby'), 'aws-pilot-light-standby');
    const names = [home, away].map((recording) =>
      ofType(recording, 'secretsmanager/secret:Secret').map(({ inputs }) => inputs['name'])
    );
    expect(names[0]).to.have.members([
      'medplum-dr-aws-pilot-light/frankfurt/database',
      'medplum-dr-aws-pilot-light/frankfurt/redis',
    ]);
    expect(names[1]?.some((name) => names[0]?.includes(name))).to.equal(false);
    const [database] = ofType(home, 'secretsmanager/secret:Secret');
    expect(database?.inputs['replicas']).to.deep.equal([{ region: 'eu-west-1' }]);
  });

  it('makes no secret in a recovery: it fills the standing ones, and holds data migrations', async () => {
    const recording = await recordStack(recoveryOf('aws-existing'), 'aws-existing-r-1');
    expect(ofType(recording, 'secretsmanager/secret:Secret')).to.have.length(0);
    expect(ofType(recording, 'ssm/parameter:Parameter')).to.have.length(0);
    const database = version(recording, 'database');
    expect(database.inputs['secretId']).to.equal(
      `arn:aws:secretsmanager:eu-west-1:${ACCOUNT}:secret:medplum-dr-aws-existing/dublin/database`
    );
    expect(contents(database)).to.include({
      host: 'cluster.example',
      username: 'owner-of-then',
      password: SECRET_VALUES.databasePassword,
      disableRunPostDeployMigrations: true,
    });
  });

  it('makes a password of its own for a database that is restored, once', async () => {
    const { secrets, ...values } = recoveryOf('aws-backup-restore');
    const recording = await recordStack(values, 'aws-backup-restore-r-1');
    const password = recording.get('medplum-secrets-database-password');
    expect(password).to.include({ protect: true, type: 'random:index/randomPassword:RandomPassword' });
    expect(theOne(recording, 'rds/instance:Instance').inputs['password']).to.deep.equal({ secret: 'made-up-password' });
    expect(secrets).not.to.equal(undefined);
  });

  it('opens a promoted replica with home’s password, as config has it', async () => {
    const recording = await recordStack(recoveryOf('aws-hot-standby'), 'aws-hot-standby-r-1');
    expect(recording.find('medplum-site-secrets-database-password')).to.equal(undefined);
    expect(contents(version(recording, 'database'))).to.include({
      host: 'standing.cluster.example',
      password: SECRET_VALUES.databasePassword,
    });
  });
});
