import { expect } from 'chai';
import { ownProgram } from '../../components/package-root';
import type { Recording } from '../support/pulumi-mocks';
import { expectLayer, expectPosture, settingsOf } from './layer-expectations';
import { committedConfig, onUpdateAndPreview, OUTSIDE, PROJECT, recordEnvironment } from './local-environment';

describe('monitoring layer of the local platform', () => {
  onUpdateAndPreview((preview) => {
    let recording: Recording;
    before(async () => {
      recording = await recordEnvironment(
        {
          ...committedConfig(),
          monitoring: { interval: '500ms', failures: 5, webhook: 'https://alerts.example.com/medplum' },
        },
        { preview }
      );
    });

    it('is one component with the watcher below it', () => {
      expectLayer(recording, 'medplum-monitoring', 'medplum-dr:local:Monitoring', ['medplum-monitoring-watcher']);
    });

    it('watches from outside both sites, once there is a name to resolve', () => {
      const watcher = recording.get('medplum-monitoring-watcher');
      expectPosture(watcher, { parent: 'medplum-monitoring', provider: 'outside' });
      expect(watcher.dependsOn).to.include('medplum-traffic-record');
      const { environment, ...inputs } = watcher.inputs;
      expect(environment).to.have.keys(['MEDPLUM_DR_WATCHER']);
      expect(inputs).to.deep.equal({
        name: 'watcher',
        command: ownProgram('components', 'local', 'watcher', 'main.js'),
        folder: `${PROJECT}/.medplum-dr/local-primary`,
        secretEnvironment: {},
        secretStore: null,
        logFile: `${OUTSIDE}/logs/watcher.log`,
        pidFile: `${OUTSIDE}/run/watcher.pid`,
        ready: { kind: 'started' },
        running: true,
        site: null,
      });
      expect(settingsOf(watcher, 'MEDPLUM_DR_WATCHER')).to.deep.equal({
        name: 'medplum.test',
        port: 8103,
        dns: { address: '127.0.0.1', port: 15353 },
        intervalSeconds: 0.5,
        failures: 5,
        webhook: 'https://alerts.example.com/medplum',
        folder: `${OUTSIDE}/monitoring`,
      });
    });
  });
});
