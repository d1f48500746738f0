import { expect } from 'chai';
import fc from 'fast-check';
import { closest, PLATFORMS } from '../../components/config';
import { OperatorError } from '../../components/errors';
import type { PlatformEnvironment } from '../../components/platform';
import { loadEnvironment } from '../../components/program';
import { INDEPENDENT_FAULTS, OTHER_FAULTS, withFaults } from './faults';
import { ACTIVE_AT_B, committedConfig, OUTSIDE, PROJECT, RESTORE } from './local-environment';

function load(values: Record<string, unknown>): PlatformEnvironment {
  return loadEnvironment(values, { projectDirectory: PROJECT, stack: 'local-primary' });
}

/** @throws whatever `load` throws but an OperatorError. */
function refusal(values: Record<string, unknown>): OperatorError {
  try {
    load(values);
  } catch (error) {
    if (error instanceof OperatorError) {
      return error;
    }
    throw error;
  }
  throw new Error('the config was accepted');
}

describe('config of a stack', () => {
  it('is committed for the local platform in a form that is accepted', () => {
    const environment = load(committedConfig());
    expect(environment).to.include({
      site: 'site-a',
      recoverySite: 'site-b',
      isStandIn: true,
      controlDirectory: OUTSIDE,
    });
    expect(environment.config).to.deep.include({
      platform: 'local',
      role: 'primary',
      strategy: 'backup-restore',
      objectives: { rto: 300, rpo: 60 },
      secrets: {},
    });
  });

  it('has a default for what need not be written', () => {
    const { role: _role, strategy: _strategy, backup: _backup, monitoring: _monitoring, ...least } = committedConfig();
    expect(load(least).config).to.deep.include({ role: 'primary', strategy: 'backup-restore' });
  });

  for (const fault of [...INDEPENDENT_FAULTS, ...OTHER_FAULTS]) {
    it(`is refused for ${fault.name}`, () => {
      const error = refusal(withFaults(committedConfig(), [fault]));
      expect(error.kind).to.equal('bad-input');
      expect(error.problems).to.deep.equal(fault.problems);
    });
  }

  it('is refused with every problem at once, whichever they are', () => {
    fc.assert(
      fc.property(fc.subarray([...INDEPENDENT_FAULTS], { minLength: 1 }), (faults) => {
        const error = refusal(withFaults(committedConfig(), faults));
        expect(error.problems).to.have.members(faults.flatMap(({ problems }) => problems));
        expect(error.message).to.equal(`The config of stack "local-primary" has ${error.problems.length} problem(s).`);
        expect(error.hint).to.include('stacks/Pulumi.local-primary.yaml');
      })
    );
  });

  it('is refused for any key with a letter missing, with the key that was meant', () => {
    const committed = committedConfig();
    const keys = Object.keys(committed).filter((key) => key !== 'platform');
    const misspelt = fc
      .constantFrom(...keys)
      .chain((key) => fc.tuple(fc.constant(key), fc.nat({ max: key.length - 1 })));
    fc.assert(
      fc.property(misspelt, ([key, at]) => {
        const written = key.slice(0, at) + key.slice(at + 1);
        const { [key]: value, ...others } = committed;
        expect(refusal({ ...others, [written]: value }).problems).to.include(
          `medplum-dr:${written}: unknown key; did you mean "${key}"?`
        );
      })
    );
  });

  describe('names a platform', () => {
    for (const [written, problem] of [
      ['locla', `platform "locla" is unknown; choose one of ${PLATFORMS.join(', ')}; did you mean "local"?`],
      ['mainframe', `platform "mainframe" is unknown; choose one of ${PLATFORMS.join(', ')}`],
      [undefined, `no platform is set; choose one of ${PLATFORMS.join(', ')}`],
    ] as const) {
      it(`that there is: ${String(written)} is refused`, () => {
        const error = refusal({ ...committedConfig(), platform: written });
        expect(error.kind).to.equal('bad-input');
        expect(error.problems).to.deep.equal([`medplum-dr:platform: ${problem}`]);
      });
    }

    it('that is built: gcp is refused as not implemented, never replaced by another', () => {
      const error = refusal({ ...committedConfig(), platform: 'gcp' });
      expect(error).to.include({ kind: 'not-implemented', message: 'Platform "gcp" is not implemented yet.' });
    });
  });

  for (const strategy of ['pilot-light', 'warm-standby', 'hot-standby']) {
    it(`is refused for the strategy ${strategy}, which is not built`, () => {
      const error = refusal({ ...committedConfig(), strategy });
      expect(error.kind).to.equal('not-implemented');
      expect(error.message).to.equal(`Strategy "${strategy}" is not implemented yet on platform "local".`);
    });
  }

  it('of a recovery is that of the primary at the other site, with nothing of a cutover', () => {
    const values = { ...committedConfig(), activeEndpoint: ACTIVE_AT_B };
    const recovery = load(values).recoveryConfig(RESTORE);
    const { recoverySite, site: _site, role: _role, ...kept } = committedConfig();
    expect(recovery).to.deep.equal({ ...kept, role: 'recovery', site: recoverySite, restore: RESTORE });
    const loaded = load(recovery);
    expect(loaded).to.include({ site: 'site-b', recoverySite: undefined });
    expect(loaded.config).to.deep.include({ role: 'recovery', restore: RESTORE });
  });

  it('protects a recovery where the primary stood, from where that is recovered with nothing of the stack between', () => {
    const first = load(committedConfig()).recoveryConfig(RESTORE);
    const secrets = { databasePassword: 'sealed' };
    const protection = load(first).protectionConfig(committedConfig());
    const serving = { ...first, ...protection, secrets, startDespite: { generation: 1 }, quarantine: { drill: 'd-0' } };
    const loaded = load(serving);
    const back = loaded.recoveryConfig({ ...RESTORE, recoveryId: 'r-2' });
    const { recoverySite, ...kept } = committedConfig();

    expect(protection).to.deep.equal({ recoverySite: committedConfig()['site'] });
    expect(loaded).to.include({ site: 'site-b', recoverySite: 'site-a' });
    expect(back).to.deep.equal({ ...kept, role: 'recovery', restore: { ...RESTORE, recoveryId: 'r-2' } });
    expect(load(back)).to.include({ site: 'site-a', recoverySite: undefined });
  });

  it('of a recovery is refused without the place of the copies that it starts from', () => {
    const { replica, ...source } = RESTORE.source;
    const values = load(committedConfig()).recoveryConfig({ ...RESTORE, source });
    expect(refusal(values).problems.join()).to.include('restore.source.replica');
  });
});

describe('the word that was meant', () => {
  it('is the word itself where it is known', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (known) => {
        expect(closest(known[0]!, known)?.toLowerCase()).to.equal(known[0]!.toLowerCase());
      })
    );
  });

  it('is none where no word is within two letters', () => {
    fc.assert(
      fc.property(fc.string(), (word) => {
        expect(closest(word, [`${word}xyz`])).to.equal(undefined);
        expect(closest(word, [`${word}xy`])).to.equal(`${word}xy`);
      })
    );
    expect(closest('site', [])).to.equal(undefined);
  });

  for (const [word, meant] of [
    ['startTimout', 'startTimeout'],
    ['recoverysite', 'recoverySite'],
    ['stie', 'site'],
    ['objectve', 'objectives'],
  ] as const) {
    it(`is ${meant} for ${word}`, () => {
      expect(closest(word, ['objectives', 'startTimeout', 'recoverySite', 'site'])).to.equal(meant);
    });
  }
});
