import { expect } from 'chai';
import type { Recording } from '../support/pulumi-mocks';
import { expectLayer, expectPosture } from './layer-expectations';
import { committedConfig, onUpdateAndPreview, recordEnvironment, SITE_A } from './local-environment';

describe('network layer of the local platform', () => {
  onUpdateAndPreview((preview) => {
    let recording: Recording;
    before(async () => {
      recording = await recordEnvironment(committedConfig(), { preview });
    });

    it('is one component with the site below it', () => {
      const layer = expectLayer(recording, 'medplum-network', 'medplum-dr:local:Network', ['medplum-network-site']);
      expect(layer.outputs).to.deep.equal({ networkId: `${SITE_A}/local-primary` });
    });

    it('names the site by folder and address, and protects it, as the data lies in it', () => {
      const site = recording.get('medplum-network-site');
      expectPosture(site, {
        type: 'medplum-local:index:Site',
        parent: 'medplum-network',
        provider: 'site-site-a',
        protect: true,
      });
      expect(site.inputs).to.deep.equal({
        name: 'site-a',
        root: SITE_A,
        live: `${SITE_A}/local-primary`,
        address: '127.0.0.2',
      });
      expect(site.dependsOn).to.deep.equal([]);
    });
  });

  it('gives two stacks at one site folders of their own', async () => {
    const recording = await recordEnvironment(committedConfig(), { stack: 'local-other' });
    expect(recording.get('medplum-network-site').inputs).to.deep.include({
      root: SITE_A,
      live: `${SITE_A}/local-other`,
    });
  });
});
