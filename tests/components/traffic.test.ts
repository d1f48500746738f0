import { expect } from 'chai';
import { ownProgram } from '../../components/package-root';
import type { Recording } from '../support/pulumi-mocks';
import { expectLayer, expectPosture, settingsOf } from './layer-expectations';
import {
  ACTIVE_AT_B,
  committedConfig,
  onUpdateAndPreview,
  OUTSIDE,
  PROJECT,
  recordEnvironment,
} from './local-environment';

const DNS = { address: '127.0.0.1', port: 15353 };

describe('traffic layer of the local platform', () => {
  onUpdateAndPreview((preview, known) => {
    let serving: Recording;
    let cutOver: Recording;
    before(async () => {
      serving = await recordEnvironment(committedConfig(), { preview });
      cutOver = await recordEnvironment({ ...committedConfig(), activeEndpoint: ACTIVE_AT_B }, { preview });
    });

    it('is the name server and its record', () => {
      const layer = expectLayer(serving, 'medplum-traffic', 'medplum-dr:local:Traffic', [
        'medplum-traffic-name-server',
        'medplum-traffic-record',
      ]);
      const endpoint = { name: 'medplum.test', address: '127.0.0.2', port: 8103, site: 'site-a' };
      expect(layer.outputs).to.deep.equal({ endpoint: known(endpoint) });
    });

    it('keeps the name server outside both sites', () => {
      const server = serving.get('medplum-traffic-name-server');
      expectPosture(server, { parent: 'medplum-traffic', provider: 'outside' });
      const { environment, ...inputs } = server.inputs;
      expect(environment).to.have.keys(['MEDPLUM_DR_DNS']);
      expect(inputs).to.deep.equal({
        name: 'name-server',
        command: ownProgram('components', 'local', 'dns', 'server.js'),
        folder: `${PROJECT}/.medplum-dr/local-primary`,
        secretEnvironment: {},
        secretStore: null,
        logFile: `${OUTSIDE}/logs/name-server.log`,
        pidFile: `${OUTSIDE}/run/name-server.pid`,
        ready: { kind: 'tcp', ...DNS, timeoutSeconds: 10 },
        running: true,
        site: null,
      });
      expect(settingsOf(server, 'MEDPLUM_DR_DNS')).to.deep.equal({ zoneFile: `${OUTSIDE}/dns/zone.json`, ...DNS });
    });

    it('protects the record, which leads to the own site', () => {
      const record = serving.get('medplum-traffic-record');
      expectPosture(record, {
        type: 'medplum-local:index:DnsRecord',
        parent: 'medplum-traffic',
        provider: 'outside',
        protect: true,
      });
      expect(record.inputs).to.deep.equal({
        zoneFile: `${OUTSIDE}/dns/zone.json`,
        name: 'medplum.test',
        address: known('127.0.0.2'),
        ttlSeconds: 5,
        site: 'site-a',
        stack: 'local-primary',
        replaces: null,
        generation: 0,
        server: DNS,
      });
      expect(record.dependsOn).to.include('medplum-traffic-name-server');
    });

    it('leads, after a cutover, to the site that config names', () => {
      expect(cutOver.get('medplum-traffic-record').inputs).to.deep.equal({
        zoneFile: `${OUTSIDE}/dns/zone.json`,
        name: 'medplum.test',
        address: '127.0.0.3',
        ttlSeconds: 5,
        site: 'site-b',
        stack: ACTIVE_AT_B.stack,
        replaces: null,
        generation: 1,
        server: DNS,
      });
      const endpoint = { name: 'medplum.test', address: '127.0.0.3', port: 8103, site: 'site-b' };
      expect(cutOver.get('medplum-traffic').outputs).to.deep.equal({ endpoint });
      expect(cutOver.get('medplum').outputs).to.deep.include({ endpoint });
    });

    it('names the address that a cutover replaces, so that a change by somebody else is not written over', async () => {
      const active = { ...ACTIVE_AT_B, replaces: '127.0.0.2' };
      const recording = await recordEnvironment({ ...committedConfig(), activeEndpoint: active }, { preview });

      expect(recording.get('medplum-traffic-record').inputs).to.deep.include({
        address: '127.0.0.3',
        replaces: '127.0.0.2',
      });
    });
  });
});
