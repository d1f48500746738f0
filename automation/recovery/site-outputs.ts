import { z } from 'zod';
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
    restoredFrom: z
      .object({
        backup: z.string(),
        skipped: z.array(z.object({ id: z.string(), reasons: z.array(z.string()) })),
        replayedTo: z.string().nullable().default(null),
        shortfall: z.string().nullable().default(null),
      })
      .nullable()
      .default(null),
  }),
  cache: z.object({ host: z.string(), port: z.number(), passwordSecret: z.string() }).nullable().default(null),
  binaryStorage: z.string(),
  secretsLocation: z.string(),
});
