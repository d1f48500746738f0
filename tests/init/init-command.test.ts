import { expect } from 'chai';
import { initLines, initPlatform } from '../../automation/commands/init';
import { OperatorError } from '../../components/errors';

describe('the command init', () => {
  const flags = { project: '.' };

  it('takes a platform with what it needs', () => {
    expect(initPlatform('local', flags)).to.deep.equal({ name: 'local' });
    expect(initPlatform('gcp', flags)).to.deep.equal({ name: 'gcp' });
    expect(initPlatform('aws', { ...flags, region: 'eu-west-1', configPath: '/medplum/prod/' })).to.deep.equal({
      name: 'aws',
      region: 'eu-west-1',
      configPath: '/medplum/prod/',
    });
  });

  it('refuses a platform that there is not, and aws without a place', () => {
    expect(() => initPlatform('mainframe', flags)).to.throw(OperatorError, 'There is no platform "mainframe".');
    expect(() => initPlatform('aws', { ...flags, region: 'eu-west-1' })).to.throw(OperatorError, '--config-path');
  });

  it('tells what was found and where, what was proposed, and what to fill in', () => {
    const lines = initLines({
      environment: 'prod',
      files: ['Pulumi.yaml'],
      found: [{ key: 'source.bucket', status: 'found', value: 'b', from: 'parameter binaryStorage' }],
      proposed: [{ key: 'strategy', status: 'proposed', value: 'backup-restore', why: 'the cheapest' }],
      missing: [
        { key: 'control', status: 'missing', reason: 'it is yours to choose', fill: 'Make it.', example: '<s3>' },
      ],
      notes: ['The bucket keeps no versions.'],
    }).join('\n');

    expect(lines)
      .to.include('Found:\n  source.bucket: from parameter binaryStorage\n')
      .and.include('strategy: backup-restore (the cheapest)')
      .and.include('Not found, to be filled in:\n  control: it is yours to choose. Make it.')
      .and.include('The bucket keeps no versions.')
      .and.match(/Fill in what was not found.*pulumi stack init prod && pulumi preview\.$/);
  });
});
