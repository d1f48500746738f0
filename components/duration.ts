import { z } from 'zod';

const SECONDS_PER_UNIT = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 } as const;

const REMEDY = 'is not a duration: write a number and its unit, such as 500ms, 90s, 5m or 1h';

/** A bare number is the likely slip; what is missing is told by the schema itself. */
function notText({ input }: { readonly input?: unknown }): string | undefined {
  return input === undefined ? undefined : `${JSON.stringify(input)} ${REMEDY}`;
}

/** A span of time as people write it in config (`500ms`, `90s`, `5m`, `1h`, `7d`), parsed to seconds; `0` needs no unit. */
export const durationOrZeroSchema = z.string({ error: notText }).transform((text, context) => {
  if (text.trim() === '0') {
    return 0;
  }
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  const [, amount, unit] = match ?? [];
  if (amount === undefined || unit === undefined) {
    context.addIssue(`"${text}" ${REMEDY}`);
    return z.NEVER;
  }
  return Number(amount) * SECONDS_PER_UNIT[unit as keyof typeof SECONDS_PER_UNIT];
});

/** The same, and more than no time at all. */
export const durationSchema = durationOrZeroSchema.refine((seconds) => seconds > 0, 'must be more than 0');
