import { z } from 'zod';

/** A FHIR resource as far as a recovery needs to know it; every other element is kept as it is. */
export const resourceSchema = z.looseObject({ resourceType: z.string() });
export type Resource = z.infer<typeof resourceSchema>;

/** A resource as a server gives it back. */
export const storedResourceSchema = resourceSchema.extend({
  id: z.string(),
  meta: z.looseObject({ versionId: z.string(), lastUpdated: z.string() }),
});
export type StoredResource = z.infer<typeof storedResourceSchema>;

export const searchBundleSchema = z.object({
  total: z.number().optional(),
  entry: z.array(z.object({ resource: storedResourceSchema })).default([]),
});

export const batchResponseSchema = z.object({
  entry: z.array(
    z.object({
      response: z.looseObject({ status: z.string(), outcome: z.unknown().optional() }),
      resource: resourceSchema.optional(),
    })
  ),
});
export type BatchResponse = z.infer<typeof batchResponseSchema>;

/** A batch of creates. References to a `fullUrl` of the same batch are resolved by Medplum, in batches too. */
export interface CreateBatch {
  readonly resourceType: 'Bundle';
  readonly type: 'batch';
  readonly entry: readonly {
    readonly fullUrl?: string;
    readonly request: { readonly method: 'POST'; readonly url: string };
    readonly resource: Resource;
  }[];
}
