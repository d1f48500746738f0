import { z } from 'zod';
import { restoredFromSchema } from '../../components/restored-from';
import { endpointSchema } from '../../components/config';
import type { SiteOutputs } from '../../components/site-operations';

/** Outputs of a site's stack as the driver reads them back from the engine. */
export const siteOutputsSchema: z.ZodType<SiteOutputs> = z.object({
  siteEndpoint: endpointSchema,
  database: z.object({
    host: z.string(),
    port: z.number(),
    name: z.string(),
    username: z.string(),
    passwordSecret: z.string(),
    restoredFrom: restoredFromSchema.nullable().default(null),
  }),
  cache: z.object({ host: z.string(), port: z.number(), passwordSecret: z.string() }).nullable().default(null),
  binaryStorage: z.string(),
  secretsLocation: z.string(),
});

/** Of the outputs of an environment's front: where its traffic layer has set the name. */
export const frontOutputsSchema = z.object({ endpoint: z.object({ address: z.string() }).nullish() });
