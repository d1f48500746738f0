import { expect } from 'chai';
import { awsSiteOperations } from '../../components/aws/operations';
import { OperatorError } from '../../components/errors';
import { loadEnvironment } from '../../components/program';
import type { PlatformEnvironment } from '../../components/platform';
import type { Recording } from '../support/pulumi-mocks';
import { exampleConfig, ofType, recordStack, recoveryOf, restoreSource } from './support/example-stacks';

const load = (stack: string): PlatformEnvironment =>
  loadEnvironment(exampleConfig(stack), { projectDirectory: '/project', stack });

const RESTORE = { recoveryId: '1', recoveryPoint: 'point-7', source: {}, generation: 0 };

/** Layers of a stack: the last word of each component's type. */
function layersOf(recording: Recording, parent: string): string[] {
  return recording
    .childrenOf(parent)
    .filter(({ type }) => type.startsWith('medplum-dr:aws:'))
    .map(({ type }) => type.replace('medplum-dr:aws:', ''));
}

const ALL_LAYERS = ['Network', 'Secrets', 'Cache', 'ObjectStorage', 'Database', 'Application'];

describe('AWS platform', () => {
  it('makes a whole site, its front and its protection of a managed primary', async () => {
    const recording = await recordStack(exampleConfig('aws-pilot-light'), 'aws-pilot-light');
    expect(layersOf(recording, 'medplum')).to.have.members([
      'StandingBase',
      ...ALL_LAYERS,
      'Backups',
      'Traffic',
      'Monitoring',
    ]);
  });

  it('makes nothing of an existing primary but its protection and its front', async () => {
    const recording = await recordStack(exampleConfig('aws-existing'), 'aws-existing');
    expect(layersOf(recording, 'medplum')).to.have.members(['StandingBase', 'ExistingHome', 'Traffic', 'Monitoring']);
    expect(layersOf(recording, 'medplum-site')).to.have.members(['ObjectStorage', 'Backups']);
    const services = new Set(recording.all.map(({ type }) => /^aws:(\w+)\//.exec(type)?.[1]).filter(Boolean));
    expect([...services]).to.have.members(['backup', 'cloudwatch', 'iam', 'kms', 'route53', 's3', 'sns']);
    expect(ofType(recording, 's3/bucket:Bucket')).to.have.length(0);
  });

  for (const [strategy, layers] of [
    ['backup-restore', ['Secrets', 'ObjectStorage', 'Backups', 'AlarmTopic', 'DatabaseParameters']],
    ['existing', ['Secrets', 'ObjectStorage', 'Backups', 'AlarmTopic', 'DatabaseParameters']],
    ['pilot-light', [...ALL_LAYERS, 'Backups', 'AlarmTopic']],
    ['warm-standby', [...ALL_LAYERS, 'Backups', 'AlarmTopic']],
    ['hot-standby', [...ALL_LAYERS, 'Backups', 'AlarmTopic']],
  ] as const) {
    it(`lets stand of ${strategy} what it needs, with neither traffic nor monitoring of its own`, async () => {
      const stack = `aws-${strategy}-standby`;
      const recording = await recordStack(exampleConfig(stack), stack);
      expect(layersOf(recording, 'medplum')).to.have.members(['StandingBase', 'StandbySite']);
      expect(layersOf(recording, 'medplum-site')).to.have.members([...layers]);
      expect(ofType(recording, 'rds/clusterInstance:ClusterInstance')).to.have.length(
        { 'warm-standby': 1, 'hot-standby': 2 }[strategy as string] ?? 0
      );
      for (const type of ['backup/vault:Vault', 'kms/key:Key', 's3/bucket:Bucket', 'ecr/repository:Repository']) {
        expect(ofType(recording, type), type).to.have.length(1);
      }
      expect(ofType(recording, 'iam/role:Role')).to.have.length(5);
    });
  }

  it('restores a whole site from a backup, and adds to a promoted one only what it lacks', async () => {
    const restored = await recordStack(recoveryOf('aws-backup-restore'), 'aws-backup-restore-r-1');
    expect(layersOf(restored, 'medplum')).to.have.members(ALL_LAYERS);
    const promoted = await recordStack(recoveryOf('aws-warm-standby'), 'aws-warm-standby-r-1');
    expect(layersOf(promoted, 'medplum')).to.deep.equal(['PromotedSite']);
    const made = promoted.all.filter(({ type }) => type.startsWith('aws:')).map(({ type }) => type);
    expect(made.sort()).to.deep.equal([
      'aws:appautoscaling/policy:Policy',
      'aws:appautoscaling/target:Target',
      'aws:secretsmanager/secretVersion:SecretVersion',
    ]);
    expect(promoted.get('medplum').outputs).to.deep.include({
      siteEndpoint: { address: 'standing-1.eu-west-1.elb.amazonaws.com', port: 443 },
      binaryStorage: 's3:example-warm-standby-binaries-dublin',
    });
  });

  it('writes a recovery’s config: the other site, the environment’s name, no key of the primary alone', () => {
    const config = load('aws-backup-restore').recoveryConfig(RESTORE);
    expect(config).to.deep.include({
      role: 'recovery',
      environment: 'aws-backup-restore',
      site: exampleConfig('aws-backup-restore')['recoverySite'],
      restore: RESTORE,
    });
    expect(config).not.to.have.any.keys('recoverySite', 'secrets', 'activeEndpoint');
  });

  it('tells the places of journals and sites, and that its server is a real one', () => {
    expect(load('aws-hot-standby')).to.include({
      site: 'frankfurt',
      recoverySite: 'dublin',
      isStandIn: false,
      controlDirectory: 's3://example-medplum-dr-control/hot-standby?region=eu-west-1',
    });
  });

  it('refuses a drill, and every operation by the command that asks for it', async () => {
    expect(() => load('aws-backup-restore').recoveryConfig(RESTORE, { drill: 'd-1' }))
      .to.throw(OperatorError)
      .that.includes({ kind: 'not-implemented' });
    const operations = Object.entries(awsSiteOperations());
    expect(operations).not.to.deep.equal([]);
    for (const [name, operation] of operations) {
      const answer = (operation as () => Promise<unknown>)();
      const error: unknown = await answer.then(
        () => null,
        (reason: unknown) => reason
      );
      expect(error, name).to.be.instanceOf(OperatorError).that.includes({ kind: 'not-implemented' });
      expect((error as Error).message, name).to.match(
        /^"medplum-dr [a-z-]+" is not implemented yet on platform "aws"\.$/
      );
    }
  });

  it('knows a source for each example that recovers', () => {
    expect(restoreSource(exampleConfig('aws-backup-restore'))['kind']).to.equal('automated-backup');
    expect(restoreSource(exampleConfig('aws-existing'))['kind']).to.equal('snapshot');
  });
});
