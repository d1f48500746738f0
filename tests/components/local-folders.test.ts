import { expect } from 'chai';
import { localSchema, outsideFolders, siteFolders } from '../../components/local/config';
import { committedConfig, OUTSIDE, PROJECT, SITE_A } from './local-environment';

describe('folders of the local platform', () => {
  const config = localSchema.parse(committedConfig());

  it('of a site lie below its own, and those of a stack below one of its name', () => {
    expect(siteFolders(PROJECT, config.site, 'dev')).to.deep.equal({
      root: SITE_A,
      live: `${SITE_A}/dev`,
      replica: `${SITE_A}/replica/dev`,
      logs: `${SITE_A}/dev/logs`,
    });
  });

  it('may be written as full paths', () => {
    expect(siteFolders(PROJECT, { ...config.site, folder: '/srv/site' }, 'dev').root).to.equal('/srv/site');
    expect(outsideFolders(PROJECT, { ...config, outside: { folder: '/srv/outside' } }).root).to.equal('/srv/outside');
  });

  it('outside the sites hold keys, name server, monitoring and logs', () => {
    expect(outsideFolders(PROJECT, config)).to.deep.equal({
      root: OUTSIDE,
      secretsKey: `${OUTSIDE}/keys/secrets.key`,
      zoneFile: `${OUTSIDE}/dns/zone.json`,
      monitoring: `${OUTSIDE}/monitoring`,
      logs: `${OUTSIDE}/logs`,
    });
  });
});
