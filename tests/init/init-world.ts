import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { initAws, type AwsPlace } from '../../automation/init/aws';
import type { Initialised } from '../../automation/init/new-config';
import { openEnvironment, openProject, readStackConfig } from '../../automation/stacks/project';
import { awsSchema, type AwsConfig } from '../../components/aws/config';
import type { PlatformEnvironment } from '../../components/platform';
import { withAwsEnvironment } from '../control/aws-environment';
import { startMoto } from '../control/moto';
import { filledIn } from './filled-in';
import { startGateway, type Gateway } from './gateway';

export const DIGEST = `sha256:${'a1'.repeat(32)}`;

/** moto behind a gateway, an empty project folder, and an AWS environment that leads nowhere else. */
export interface InitWorld {
  /** Address of moto itself, for what a test puts there. */
  readonly moto: string;
  readonly gateway: Gateway;
  readonly folder: string;
  /** Runs `init aws` through the gateway. `health` is what the public address answers; nothing by default. */
  readonly init: (environment: string, place: AwsPlace, health?: unknown) => Promise<Initialised>;
  readonly stop: () => Promise<void>;
}

/** @returns null where moto cannot be had, which is a failure in CI. */
export async function startInitWorld(): Promise<InitWorld | null> {
  const awsEnvironment = withAwsEnvironment();
  const moto = await startMoto();
  if (typeof moto === 'string') {
    awsEnvironment.restore();
    if (process.env['CI'] !== undefined) {
      throw new Error(moto);
    }
    console.log(`      not checked: ${moto}`);
    return null;
  }
  const world = await startWorldBehind(moto.endpoint);
  return {
    ...world,
    moto: moto.endpoint,
    stop: async () => {
      await world.stop();
      await moto.stop();
      awsEnvironment.restore();
    },
  };
}

/** The same before any server that speaks AWS's protocols; before none, everything is refused. */
export async function startWorldBehind(server: string | null): Promise<InitWorld> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'medplum-dr-init-aws-'));
  const gateway = await startGateway(server);
  // moto's tasks carry no digest, which ECS has in each container (ECS API reference, "Container").
  gateway.amend('ecs:DescribeTasks', (text) =>
    text.replaceAll('"containerArn":', `"imageDigest": "${DIGEST}", "containerArn":`)
  );
  return {
    moto: server ?? '',
    gateway,
    folder,
    init: async (environment, place, health) => {
      process.env['AWS_ENDPOINT_URL'] = gateway.endpoint;
      try {
        return await initAws(folder, environment, place, () =>
          health === undefined ? Promise.reject(new Error('nothing answers')) : Promise.resolve(health)
        );
      } finally {
        delete process.env['AWS_ENDPOINT_URL'];
      }
    },
    stop: async () => {
      await gateway.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** The environment of a config that was written, after an operator filled it in. @throws OperatorError as the driver does. */
export async function openFilledIn(
  file: string,
  values: Readonly<Record<string, string>>
): Promise<{ readonly environment: PlatformEnvironment; readonly config: AwsConfig }> {
  await writeFile(file, filledIn(await readFile(file, 'utf8'), values));
  const project = await openProject(path.dirname(path.dirname(file)));
  const [, stack = ''] = /Pulumi\.(.+)\.yaml$/.exec(file) ?? [];
  const environment = await openEnvironment(project, stack);
  return { environment, config: awsSchema.parse({ environment: stack, ...(await readStackConfig(project, stack)) }) };
}
