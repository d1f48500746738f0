import { z } from 'zod';

const operationSchema = z.looseObject({ type: z.string(), resource: z.looseObject({ urn: z.string() }) });
const exportSchema = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(z.looseObject({ urn: z.string() })).default([]),
    pending_operations: z.array(operationSchema).default([]),
  }),
});

/** How the engine begins its warning of them (`pkg/resource/deploy/deployment_executor.go`, 3.246.0). */
export function warnsOfPendingOperations(diagnostic: string): boolean {
  return diagnostic.includes('pending operations from previous deployment');
}

/**
 * Settles what a killed engine left as "being created". The update before this has asked for each of them again, and a
 * resource of ours takes over what it finds of itself, so that those which stand in the state now are done. The engine
 * keeps the old entries until a refresh, and a refresh is what no recovery may do; an import drops them.
 * @param engine runs the engine's command; the export keeps secrets sealed.
 * @returns URNs that were settled; empty, and nothing is touched, when one of them is not in the state.
 */
export async function settlePendingOperations(
  stack: string,
  engine: (args: readonly string[], input?: string) => Promise<string>
): Promise<string[]> {
  const text = await engine(['stack', 'export', '--stack', stack]);
  const { deployment } = exportSchema.parse(JSON.parse(text));
  const known = new Set(deployment.resources.map((resource) => resource.urn));
  const pending = deployment.pending_operations.map((operation) => operation.resource.urn);
  if (pending.length === 0 || pending.some((urn) => !known.has(urn))) {
    return [];
  }
  await engine(['stack', 'import', '--stack', stack], text);
  return pending;
}
