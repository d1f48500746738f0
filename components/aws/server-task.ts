import type { AwsConfig } from './config';
import { SERVER_PORT } from './ports';

/** Seconds that Medplum takes at most to end what it does, and some more. */
const STOP_TIMEOUT = 35;

/** The one container of a task, as ECS reads it (JSON). */
export function containerDefinitions({ application, site }: AwsConfig, logGroup: string): string {
  return JSON.stringify([
    {
      name: 'server',
      image: site.image,
      essential: true,
      // The site's own path in its own region: the server finds its whole configuration there.
      command: [`aws:${site.region}:${site.configPath}`],
      portMappings: [{ containerPort: SERVER_PORT, hostPort: SERVER_PORT, protocol: 'tcp' }],
      environment: Object.entries({ NODE_ENV: 'production', ...application.environment }).map(([name, value]) => ({
        name,
        value,
      })),
      stopTimeout: STOP_TIMEOUT,
      logConfiguration: {
        logDriver: 'awslogs',
        options: { 'awslogs-group': logGroup, 'awslogs-region': site.region, 'awslogs-stream-prefix': 'server' },
      },
    },
  ]);
}
