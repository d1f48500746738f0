import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { PLATFORMS } from '../../components/config';
import { OperatorError } from '../../components/errors';
import { packageRoot } from '../../components/package-root';
import { loadPlatform } from '../../components/registry';

const COMPONENTS = path.join(packageRoot(), 'components');

/** Files that a fresh process has loaded after the script. */
function loadedBy(script: string): string[] {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--require', 'tsx/cjs', '--eval', `${script}; console.log(JSON.stringify(Object.keys(require.cache)))`],
    { cwd: packageRoot(), encoding: 'utf8' }
  );
  expect(status, stderr).to.equal(0);
  return JSON.parse(stdout) as string[];
}

/** Folders of platforms that files were loaded from. */
function platformsIn(files: readonly string[]): string[] {
  return PLATFORMS.filter((name) => files.some((file) => file.startsWith(path.join(COMPONENTS, name) + path.sep)));
}

describe('platform registry', () => {
  it('loads no platform before one is asked for', () => {
    const files = loadedBy("require('./components/program')");
    expect(files).to.include(path.join(COMPONENTS, 'registry.ts'));
    expect(platformsIn(files)).to.deep.equal([]);
  });

  it('loads the local platform with the SDK of no other', () => {
    const files = loadedBy("require('./components/registry').loadPlatform('local')");
    expect(platformsIn(files)).to.deep.equal(['local']);
    const packages = files.flatMap((file) => /node_modules\/(@pulumi\/[^/]+)\//.exec(file)?.[1] ?? []);
    expect([...new Set(packages)]).to.deep.equal(['@pulumi/pulumi']);
  });

  it('says what to install for a cloud whose SDK is not there', () => {
    const { stderr, status } = spawnSync(
      process.execPath,
      [
        '--require',
        'tsx/cjs',
        '--eval',
        `const modules = require('node:module');
         const resolve = modules._resolveFilename;
         modules._resolveFilename = (request, ...rest) => {
           if (/^@pulumi\\/(aws|random)/.test(request)) {
             throw Object.assign(new Error(request), { code: 'MODULE_NOT_FOUND' });
           }
           return resolve(request, ...rest);
         };
         try {
           require('./components/registry').loadPlatform('aws');
         } catch (error) {
           console.error(error.name, error.message, error.hint);
         }`,
      ],
      { cwd: packageRoot(), encoding: 'utf8' }
    );
    expect(status).to.equal(0);
    expect(stderr).to.include('OperatorError Platform "aws" needs @pulumi/aws and @pulumi/random.');
    expect(stderr).to.include('npm install @pulumi/aws @pulumi/random');
  });

  for (const name of PLATFORMS) {
    it(`has ${name} exactly if it has a folder`, () => {
      if (readdirSync(COMPONENTS).includes(name)) {
        expect(loadPlatform(name).name).to.equal(name);
        return;
      }
      expect(() => loadPlatform(name))
        .to.throw(OperatorError, `Platform "${name}" is not implemented yet.`)
        .that.includes({ kind: 'not-implemented' })
        .and.has.property('hint')
        .that.includes('local');
    });
  }
});
