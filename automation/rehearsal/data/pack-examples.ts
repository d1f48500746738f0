import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { messageOf } from '../../../components/errors';
import { PACKED_EXAMPLES, readInstalledExamples } from './examples';

/*
 * A step of the build: writes the examples beside the compiled code, so that users of the packed product have them
 * without the npm package. Run as `node dist/automation/rehearsal/data/pack-examples.js`.
 */
readInstalledExamples()
  .then((examples) => {
    if (examples === null) {
      throw new Error('hl7.fhir.r4.examples is not installed: run npm ci');
    }
    writeFileSync(PACKED_EXAMPLES, gzipSync(JSON.stringify(examples), { level: 9 }));
  })
  .catch((error: unknown) => {
    process.stderr.write(`The FHIR examples were not packed: ${messageOf(error)}\n`);
    process.exitCode = 1;
  });
