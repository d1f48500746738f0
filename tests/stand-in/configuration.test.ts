import { expect } from 'chai';
import { ConfigurationError, configurationFromEnvironment } from '../../stand-in/configuration';
import { defaultMigrations, refusal } from '../../stand-in/versions';
import { runToEnd } from './stand-in';

const complete = {
  MEDPLUM_BASE_URL: 'https://api.example.com',
  MEDPLUM_DATABASE_HOST: 'db',
  MEDPLUM_DATABASE_DBNAME: 'medplum',
  MEDPLUM_DATABASE_USERNAME: 'medplum',
  MEDPLUM_DATABASE_PASSWORD: 'secret-password',
  MEDPLUM_BINARY_STORAGE: 'file:/var/binary',
};

function problemsOf(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    configurationFromEnvironment(environment);
    return [];
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigurationError);
    return (error as ConfigurationError).problems;
  }
}

describe('stand-in configuration', () => {
  it('reads Medplum names, with defaults and a base URL that ends in a slash', () => {
    const configuration = configurationFromEnvironment(complete);
    expect(configuration).to.deep.include({
      address: '127.0.0.1',
      port: 8103,
      baseUrl: 'https://api.example.com/',
      serverVersion: '5.0.10-standin',
      migrations: defaultMigrations,
      strictMigrations: false,
      binaryFolder: '/var/binary',
      redis: undefined,
      superAdminClient: undefined,
    });
  });

  it('names everything that is missing at once, counting empty as missing', () => {
    const problems = problemsOf({ MEDPLUM_DATABASE_HOST: '' });
    expect(problems).to.have.members(Object.keys(complete).map((name) => `${name} is missing`));
  });

  it('names what is wrong without its value', () => {
    const problems = problemsOf({
      ...complete,
      MEDPLUM_BINARY_STORAGE: 's3:bucket',
      MEDPLUM_STANDIN_MIGRATIONS: 'new',
      MEDPLUM_PORT: '123456',
    });
    expect(problems).to.have.length(3);
    expect(problems.join('\n'))
      .to.match(/MEDPLUM_PORT/)
      .and.not.include('123456');
    expect(problems.join('\n'))
      .to.match(/MEDPLUM_BINARY_STORAGE must be/)
      .and.match(/MEDPLUM_STANDIN_MIGRATIONS must/);
  });

  it('wants both halves of the super-admin client', () => {
    const [problem] = problemsOf({ ...complete, MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_SECRET: 'x' });
    expect(problem).to.include('MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_ID');
  });

  it('takes any value of Medplum’s switch for post-deploy migrations as off', () => {
    const name = 'MEDPLUM_DATABASE_DISABLE_RUN_POST_DEPLOY_MIGRATIONS';
    expect(configurationFromEnvironment({ ...complete, [name]: 'false' }).postDeployMigrationsDisabled).to.equal(true);
    expect(configurationFromEnvironment(complete).postDeployMigrationsDisabled).to.equal(false);
  });

  it('ends with code 1 on a source other than env, and on missing values', async () => {
    const file = await runToEnd(complete, ['file:medplum.config.json']);
    expect(file.code).to.equal(1);
    expect(file.output).to.include('"env" only');
    const missing = await runToEnd({ MEDPLUM_BASE_URL: complete.MEDPLUM_BASE_URL });
    expect(missing.code).to.equal(1);
    expect(missing.output.trim().split('\n')).to.have.length(1);
    expect(missing.output).to.include('MEDPLUM_DATABASE_HOST is missing').and.include('MEDPLUM_BINARY_STORAGE');
  });
});

describe('stand-in version gate', () => {
  const server = { version: 100, dataVersion: 31, serverVersion: '5.0.10-standin', strict: true };

  for (const { name, dataVersion, strict, isRefused } of [
    { name: 'older, in production', dataVersion: 28, strict: true, isRefused: true },
    { name: 'older, elsewhere', dataVersion: 28, strict: false, isRefused: false },
    { name: 'equal', dataVersion: 31, strict: true, isRefused: false },
    { name: 'newer', dataVersion: 40, strict: true, isRefused: false },
  ]) {
    it(`${isRefused ? 'refuses' : 'accepts'} a database that is ${name}`, () => {
      const message = refusal({ version: 100, dataVersion }, { ...server, strict });
      expect(message === undefined).to.equal(!isRefused);
    });
  }

  it('names the pending migration', () => {
    expect(refusal({ version: 100, dataVersion: 28 }, server)).to.match(/Unable to run this version .* v29 requires/);
  });
});
