import { z } from 'zod';

const LABEL_LENGTH = 63;
const NAME_LENGTH = 253;

/** The parts of a stack's config that carry its name; it was read in full before. */
const namedSchema = z.looseObject({
  application: z.looseObject({ baseUrl: z.url() }),
  traffic: z.looseObject({ name: z.string() }),
});

/** Config of a drill's copy, from that of a recovery: quarantined, and with a name of its own. */
export function copyConfig(values: Record<string, unknown>, quarantine: { readonly drill: string }): typeof values {
  const { application, traffic, ...others } = namedSchema.parse(values);
  const name = copyName(quarantine.drill, traffic.name);
  const baseUrl = new URL(application.baseUrl);
  baseUrl.hostname = name;
  return {
    ...others,
    application: { ...application, baseUrl: baseUrl.href },
    traffic: { ...traffic, name },
    quarantine,
  };
}

/**
 * The DNS name of a drill's copy: `drill-<run id>.<production's name>`, cut where DNS would not take it. Nothing writes
 * it into a zone; it keeps the copy's issuer and links apart from production's.
 */
export function copyName(drill: string, productionName: string): string {
  const room = Math.max(1, Math.min(LABEL_LENGTH, NAME_LENGTH - productionName.length - 1));
  const label = `drill-${drill}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return `${label.slice(0, room).replace(/-+$/, '')}.${productionName}`;
}
