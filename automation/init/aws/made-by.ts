import { ask, clientOptions } from './ask';

const STACK_TAG = 'aws:cloudformation:stack-name';

/** Who made the environment, as sentences: a CloudFormation stack (Medplum's CDK) goes on owning what it made. */
export async function madeBy(region: string, tags: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const name = tags.get(STACK_TAG);
  const others = [...tags].filter(([key]) => !key.startsWith('aws:')).map(([key, value]) => `${key}=${value}`);
  const tagged = others.length === 0 ? [] : [`Tags of the database: ${others.join(', ')}.`];
  if (name === undefined) {
    return tagged;
  }
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const answer = await ask('cloudformation:DescribeStacks', () =>
    new CloudFormationClient(clientOptions(region)).send(new DescribeStacksCommand({ StackName: name }))
  );
  const status =
    'failed' in answer ? `not looked at: ${answer.failed}` : (answer.value.Stacks?.[0]?.StackStatus ?? 'gone');
  return [
    `The database was made by CloudFormation stack ${name} (${status}): leave to its next deployment what it made, and see that it takes nothing back.`,
    ...tagged,
  ];
}
