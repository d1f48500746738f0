import type { ECSClient, Service } from '@aws-sdk/client-ecs';
import { found, missing, type Finding } from '../finding';
import { ask, clientOptions, type Answer } from './ask';

export interface ServiceFinding {
  /** Pinned: `repository@sha256:…`. */
  readonly image: Finding<string>;
  /** As the task definition writes it; its tag tells the version, if it is one. */
  readonly writtenImage: Finding<string>;
  readonly cpu: Finding<number>;
  readonly memory: Finding<number>;
  readonly desiredCount: Finding<number>;
}

/** Finds the ECS service behind the load balancer, and which image its tasks run. */
export async function findService(region: string, groups: Finding<readonly string[]>): Promise<ServiceFinding> {
  if (groups.status === 'missing') {
    return nothing(groups.reason);
  }
  const { ECSClient, DescribeTaskDefinitionCommand } = await import('@aws-sdk/client-ecs');
  const client = new ECSClient(clientOptions(region));
  const answer = await serviceOf(client, groups.value);
  if ('failed' in answer) {
    return nothing(answer.failed);
  }
  if (answer.value === null) {
    return nothing(`no ECS service in ${region} stands behind the load balancer`);
  }
  const { service, cluster, group } = answer.value;
  const way = 'target group → DescribeServices';
  const desiredCount = found(service.desiredCount ?? 0, way);
  const definition = await ask('ecs:DescribeTaskDefinition', () =>
    client.send(new DescribeTaskDefinitionCommand({ taskDefinition: service.taskDefinition }))
  );
  if ('failed' in definition) {
    return { ...nothing(definition.failed), desiredCount };
  }
  const { cpu, memory, containerDefinitions = [] } = definition.value.taskDefinition ?? {};
  const container = service.loadBalancers?.find((each) => each.targetGroupArn === group)?.containerName;
  const written = containerDefinitions.find((each) => each.name === container)?.image;
  if (written === undefined) {
    return { ...nothing('the task definition has no container of the service'), desiredCount };
  }
  const from = `${way} → DescribeTaskDefinition`;
  return {
    desiredCount,
    cpu: numberOf(cpu, from, 'cpu'),
    memory: numberOf(memory, from, 'memory'),
    writtenImage: found(written, from),
    image: await pinned(client, { cluster, service: service.serviceName ?? '', container: container ?? '', written }),
  };
}

const IMAGE = '<repository@sha256:…>';
const IMAGE_FILL =
  'The image that runs, by digest: `aws ecs describe-tasks` imageDigest, or on Kubernetes `kubectl get pod -o jsonpath={..imageID}`.';

async function pinned(
  client: ECSClient,
  of: { readonly cluster: string; readonly service: string; readonly container: string; readonly written: string }
): Promise<Finding<string>> {
  if (/@sha256:[0-9a-f]{64}$/.test(of.written)) {
    return found(withoutTag(of.written), 'target group → DescribeServices → DescribeTaskDefinition');
  }
  const { ListTasksCommand, DescribeTasksCommand } = await import('@aws-sdk/client-ecs');
  const list = await ask('ecs:ListTasks', () =>
    client.send(new ListTasksCommand({ cluster: of.cluster, serviceName: of.service, desiredStatus: 'RUNNING' }))
  );
  if ('failed' in list) {
    return missing(list.failed, IMAGE_FILL, IMAGE);
  }
  const arns = list.value.taskArns ?? [];
  if (arns.length === 0) {
    return missing(
      `no task of service ${of.service} runs, so the digest of ${of.written} is unknown`,
      IMAGE_FILL,
      IMAGE
    );
  }
  const tasks = await ask('ecs:DescribeTasks', () =>
    client.send(new DescribeTasksCommand({ cluster: of.cluster, tasks: arns.slice(0, 100) }))
  );
  if ('failed' in tasks) {
    return missing(tasks.failed, IMAGE_FILL, IMAGE);
  }
  const containers = (tasks.value.tasks ?? []).flatMap((task) => task.containers ?? []);
  const digests = new Set(
    containers.flatMap((each) => (each.name === of.container && each.imageDigest !== undefined ? each.imageDigest : []))
  );
  const [digest] = digests;
  if (digest === undefined || digests.size > 1) {
    const reason =
      digest === undefined ? 'the tasks tell no digest' : 'the tasks run different images: is a deployment going on?';
    return missing(reason, IMAGE_FILL, IMAGE);
  }
  return found(`${withoutTag(of.written)}@${digest}`, 'target group → DescribeServices → DescribeTasks imageDigest');
}

interface Behind {
  readonly service: Service;
  readonly cluster: string;
  readonly group: string;
}

async function serviceOf(client: ECSClient, groups: readonly string[]): Promise<Answer<Behind | null>> {
  const { paginateListClusters, paginateListServices, DescribeServicesCommand } = await import('@aws-sdk/client-ecs');
  const clusters = await ask('ecs:ListClusters', async () => {
    const all: string[] = [];
    for await (const page of paginateListClusters({ client }, {})) all.push(...(page.clusterArns ?? []));
    return all;
  });
  if ('failed' in clusters) {
    return clusters;
  }
  for (const cluster of clusters.value) {
    const names = await ask('ecs:ListServices', async () => {
      const all: string[] = [];
      for await (const page of paginateListServices({ client }, { cluster })) all.push(...(page.serviceArns ?? []));
      return all;
    });
    if ('failed' in names) {
      return names;
    }
    // The call takes ten at most.
    for (let start = 0; start < names.value.length; start += 10) {
      const described = await ask('ecs:DescribeServices', () =>
        client.send(new DescribeServicesCommand({ cluster, services: names.value.slice(start, start + 10) }))
      );
      if ('failed' in described) {
        return described;
      }
      for (const service of described.value.services ?? []) {
        const group = service.loadBalancers?.find((each) => groups.includes(each.targetGroupArn ?? ''))?.targetGroupArn;
        if (group !== undefined) return { value: { service, cluster, group } };
      }
    }
  }
  return { value: null };
}

/** A port of a registry is no tag: only what comes after the last slash is looked at. */
function withoutTag(image: string): string {
  return image.replace(/@sha256:[0-9a-f]{64}$/, '').replace(/:[^:/]+$/, '');
}

function numberOf(text: string | undefined, from: string, what: string): Finding<number> {
  return text === undefined || !/^\d+$/.test(text)
    ? missing(`the task definition tells no ${what}`, 'What a recovered server needs.')
    : found(Number(text), from);
}

function nothing(reason: string): ServiceFinding {
  return {
    image: missing(reason, IMAGE_FILL, IMAGE),
    writtenImage: missing(reason, IMAGE_FILL),
    cpu: missing(reason, 'CPU units of a recovered server, or leave the default.', 1024),
    memory: missing(reason, 'MiB of a recovered server, or leave the default.', 2048),
    desiredCount: missing(reason, 'How many servers a recovered site runs.', 2),
  };
}
