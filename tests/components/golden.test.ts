import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import * as prettier from 'prettier';
import { committedConfig, recordEnvironment, recoveryConfig, withoutMachinePaths } from './local-environment';

/*
 * What each stack would register, as files that a review reads: a change here is a change in the next preview of
 * everyone's stack. They show what is asked of the engine, not that it works.
 */

const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

describe('registered resources', () => {
  for (const [name, values] of [
    ['local-primary', committedConfig],
    ['local-recovery', recoveryConfig],
  ] as const) {
    const file = path.join('tests', 'components', 'expected', `${name}.json`);

    it(`are those of ${file}`, async () => {
      const recording = await recordEnvironment(values(), { stack: name });
      const text = withoutMachinePaths(JSON.stringify(recording.all));
      const absolute = path.join(__dirname, 'expected', `${name}.json`);
      if (UPDATE) {
        const style = await prettier.resolveConfig(absolute);
        writeFileSync(absolute, await prettier.format(text, { ...style, filepath: absolute }));
      }
      expect(
        JSON.parse(text),
        `what is registered is not ${file}; where that is meant, run the test with UPDATE_GOLDEN=1 and commit the file`
      ).to.deep.equal(JSON.parse(readFileSync(absolute, 'utf8')));
    });
  }
});
