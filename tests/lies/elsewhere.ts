import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { LostEnvironment } from './lost-environment';

/** A run, and a command that is run in the middle of it. */
export const orderSchema = z.object({
  id: z.string(),
  target: z.union([z.object({ kind: z.literal('latest') }), z.object({ kind: z.literal('point'), id: z.string() })]),
  step: z.enum(['recovery-point', 'recovery-stack']),
  moment: z.enum(['before-effect', 'after-journal']),
  command: z.array(z.string()),
});

const endedSchema = z.object({ result: z.enum(['recovered', 'failed', 'cancelled']), told: z.string() });

/** Runs the driver in a process of its own. */
export async function recoverElsewhere(
  { options }: Pick<LostEnvironment, 'options'>,
  order: z.infer<typeof orderSchema>
): Promise<z.infer<typeof endedSchema>> {
  const program = ['--require', require.resolve('tsx/cjs'), path.join(__dirname, 'driver.ts'), JSON.stringify(order)];
  const { stdout } = await promisify(execFile)(process.execPath, program, {
    cwd: options.folder,
    env: { ...process.env, ...options.environment },
    maxBuffer: 16 * 1024 * 1024,
  });
  return endedSchema.parse(JSON.parse(stdout));
}
