import { z } from 'zod';
import { found, missing, type Finding } from '../finding';
import { ask, clientOptions } from './ask';

/** Where a secret of Medplum's configuration leads. Its user and password are not taken out of it. */
const leadsSchema = z.object({
  host: z.string().min(1).optional(),
  dbClusterIdentifier: z.string().min(1).optional(),
  dbInstanceIdentifier: z.string().min(1).optional(),
});
export type SecretLeads = z.infer<typeof leadsSchema>;

export interface SecretFinding {
  readonly arn: Finding<string>;
  readonly leads: Finding<SecretLeads>;
}

/** Follows a parameter such as `DatabaseSecrets` to the secret that it names. */
export async function readSecret(region: string, name: string, parameter: Finding<string>): Promise<SecretFinding> {
  const fill = `Look for the secret with \`aws secretsmanager list-secrets --region ${region}\`.`;
  if (parameter.status === 'missing') {
    const arn = missing(parameter.reason, fill, '<ARN of the secret>');
    return { arn, leads: arn };
  }
  const id = parameter.value;
  const answer = await ask('secretsmanager:GetSecretValue', async () => {
    const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
    // A secret may lie in another region: the server reads it by its ARN all the same.
    const client = new SecretsManagerClient(clientOptions(regionOf(id) ?? region));
    return client.send(new GetSecretValueCommand({ SecretId: id }));
  });
  const arnOf = (arn: string): Finding<string> => found(arn, `parameter ${name}`);
  if ('failed' in answer) {
    return {
      arn: id.startsWith('arn:')
        ? arnOf(id)
        : missing(answer.failed, `aws secretsmanager describe-secret --secret-id <the value of ${name}>`),
      leads: missing(answer.failed, fill),
    };
  }
  const leads = leadsOf(answer.value.SecretString);
  return {
    arn: arnOf(answer.value.ARN ?? id),
    leads:
      leads === null
        ? missing(
            `the secret that ${name} names is not the JSON object that Medplum reads`,
            'Correct the secret, if a server runs on it.'
          )
        : found(leads, name),
  };
}

/** Says nothing of why the text is not sound: what a parser tells of it would repeat the secret. */
function leadsOf(text: string | undefined): SecretLeads | null {
  try {
    const parsed = leadsSchema.safeParse(JSON.parse(text ?? ''));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return null;
    }
    throw error;
  }
}

function regionOf(arn: string): string | undefined {
  const region = arn.startsWith('arn:') ? arn.split(':')[3] : undefined;
  return region === '' ? undefined : region;
}
