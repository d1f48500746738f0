import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import type { Recording } from '../support/pulumi-mocks';
import { expectLayer, expectPosture } from './layer-expectations';
import { committedConfig, onUpdateAndPreview, OUTSIDE, recordEnvironment, SITE_A } from './local-environment';

const PRIMARY = `${SITE_A}/local-primary`;

describe('cache layer of the local platform', () => {
  onUpdateAndPreview((preview, known) => {
    describe('on a machine with Redis', () => {
      let recording: Recording;
      before(async () => {
        recording = await recordEnvironment(committedConfig(), { preview });
      });

      it('is one component with Redis below it', () => {
        const layer = expectLayer(recording, 'medplum-cache', 'medplum-dr:local:Cache', ['medplum-cache-redis']);
        expect(layer.outputs).to.deep.equal({
          connection: known({ host: '127.0.0.2', port: 16379, passwordSecret: 'cachePassword' }),
        });
      });

      it('gives Redis its password by name, and keeps nothing that needs protection', () => {
        const redis = recording.get('medplum-cache-redis');
        expectPosture(redis, { parent: 'medplum-cache', provider: 'site-site-a' });
        const { command, ...inputs } = redis.inputs;
        expect(command).to.have.length(4);
        expect(inputs).to.deep.equal({
          name: 'redis',
          folder: PRIMARY,
          environment: {},
          secretEnvironment: { REDIS_PASSWORD: 'cachePassword' },
          secretStore: { storeFile: `${PRIMARY}/secrets/store.json`, keyFile: `${OUTSIDE}/keys/secrets.key` },
          logFile: `${PRIMARY}/logs/redis.log`,
          pidFile: `${PRIMARY}/run/redis.pid`,
          ready: { kind: 'tcp', address: '127.0.0.2', port: 16379, timeoutSeconds: 10 },
          running: true,
          site: { live: PRIMARY },
        });
      });

      it('starts Redis with the password on standard input, and without a file to lose or leak', () => {
        const [shell = '', flag, script, redisServer] = recording.get('medplum-cache-redis').inputs[
          'command'
        ] as string[];
        expect(redisServer).to.match(/ programs-.*\/redis-server$/);

        // `cat -` in place of Redis prints what Redis would be told.
        const { stdout, stderr } = spawnSync(shell, [flag!, script!, 'cat'], {
          env: { PATH: process.env['PATH'], REDIS_PASSWORD: 'pa$s %d"word' },
          encoding: 'utf8',
        });

        expect(stderr).to.equal('');
        expect(stdout.split('\n')).to.deep.equal([
          'bind 127.0.0.2',
          'port 16379',
          'save ""',
          'appendonly no',
          'requirepass pa$s %d"word',
          '',
        ]);
      });
    });

    it('is an empty component where the machine has no Redis', async () => {
      const recording = await recordEnvironment(committedConfig(), { preview, redis: false });
      const layer = expectLayer(recording, 'medplum-cache', 'medplum-dr:local:Cache', []);
      expect(layer.outputs).to.deep.equal({ connection: null });
    });
  });
});
