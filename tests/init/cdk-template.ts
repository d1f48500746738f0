import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

/** Its package names no entry for a program, only for the cdk command. */
const CDK = require.resolve('@medplum/cdk/dist/cjs/index.cjs');

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) })
  ),
});
export type CdkResource = z.infer<typeof templateSchema>['Resources'][string];
export type CdkResources = Readonly<Record<string, CdkResource>>;

/** What Medplum's guide to its CDK has an operator write, in a plain shape (keys of @medplum/core's MedplumInfraConfig). */
export function cdkConfig(region: string): Readonly<Record<string, unknown>> {
  const account = '123456789012';
  return {
    name: 'demo',
    stackName: 'MedplumDemoStack',
    accountNumber: account,
    region,
    domainName: 'medplum.test',
    apiDomainName: 'api.medplum.test',
    apiPort: 8103,
    apiSslCertArn: `arn:aws:acm:${region}:${account}:certificate/api`,
    appDomainName: 'app.medplum.test',
    appSslCertArn: `arn:aws:acm:us-east-1:${account}:certificate/app`,
    storageDomainName: 'storage.medplum.test',
    storageBucketName: 'medplum-demo-storage',
    storageSslCertArn: `arn:aws:acm:us-east-1:${account}:certificate/storage`,
    signingKeyId: 'K123',
    baseUrl: 'https://api.medplum.test/',
    maxAzs: 2,
    rdsInstances: 2,
    desiredServerCount: 1,
    serverImage: 'medplum/medplum-server:4.0.2',
    serverMemory: 2048,
    serverCpu: 1024,
  };
}

/**
 * The resources of the CloudFormation templates that Medplum's CDK makes of a config, without an account. Outside
 * us-east-1 it makes a second one there, for what CloudFront needs.
 */
export async function synthesize(config: object): Promise<CdkResources> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'medplum-dr-cdk-'));
  try {
    const file = path.join(folder, 'config.json');
    const out = path.join(folder, 'out');
    await writeFile(file, JSON.stringify(config));
    const program = 'require(process.argv[1]).main({ config: process.argv[2] })';
    await promisify(execFile)(process.execPath, ['-e', program, CDK, file], {
      env: { ...process.env, CDK_OUTDIR: out },
      timeout: 120_000,
    });
    const names = (await readdir(out)).filter((name) => name.endsWith('.template.json')).sort();
    const texts = await Promise.all(names.map((name) => readFile(path.join(out, name), 'utf8')));
    return Object.assign({}, ...texts.map((text) => templateSchema.parse(JSON.parse(text)).Resources)) as CdkResources;
  } finally {
    await rm(folder, { recursive: true });
  }
}
