import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from './durable';

/**
 * Puts the history of a database's timeline into its archive. A restore to a timeline refuses to begin without it, and
 * PostgreSQL itself archives it at the promotion only, when nothing protects a recovered database yet. The first
 * timeline has none.
 */
export async function archiveHistory(dataDirectory: string, archive: string, timeline: number): Promise<void> {
  if (timeline === 1) {
    return;
  }
  const name = `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
  const text = await readFile(join(dataDirectory, 'pg_wal', name), 'utf8');
  // The server of a restore reads it as the user that owns the archive.
  const { uid, gid } = await stat(archive);
  await writeWhole(join(archive, name), text, { owner: { uid, gid } });
}
