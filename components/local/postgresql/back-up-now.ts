import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { lock } from 'proper-lockfile';
import { OperatorError } from '../../errors';
import { type BaseBackup, takeBaseBackup } from './base-backup';
import { type Facts, readCatalogue, replicaLayout, withCatalogue } from './catalogue';
import { readManifest } from './manifest';
import { baseIds, pointId } from './recovery-points';
import { verifyBaseBackup } from './verification';
import { pruneWal } from './wal-archive';
import { formatLsn, parseLsn } from './wal-segment';

export interface BackUpNowOptions {
  readonly connection: pg.ClientConfig;
  readonly dataDirectory: string;
  readonly replica: string;
  /** Asked right before the backup begins, so that the backup holds at least what they tell. */
  readonly facts: () => Promise<Facts>;
  /** How many healthy base backups stay; older ones, and WAL and marks before them, are removed. */
  readonly keep: number;
  readonly onProgress?: (progress: { readonly bytesDone: number; readonly bytesTotal: number }) => void;
  readonly signal?: AbortSignal;
}

export interface BackedUp {
  readonly id: string;
  readonly backup: BaseBackup;
  /** The verdict of a full check after the backup; empty: healthy. */
  readonly damage: readonly string[];
  readonly removed: { readonly bases: readonly string[]; readonly walFiles: number };
}

/**
 * Takes a base backup of a running server into its replica, checks every byte of it, notes it with its verdict, and
 * removes what is no longer kept.
 *
 * @throws OperatorError (`locked`) while another backup of this replica runs; what `takeBaseBackup` throws.
 */
export async function backUpNow(options: BackUpNowOptions): Promise<BackedUp> {
  const { replica } = options;
  // A machine that slept may have lost its lock to another process: then this backup ends.
  const lockLost = new AbortController();
  const signal = AbortSignal.any([lockLost.signal, ...(options.signal ? [options.signal] : [])]);
  const { base, wal } = replicaLayout(replica);
  await mkdir(base, { recursive: true, mode: 0o700 });
  const release = await lock(base, {
    stale: 10_000,
    onCompromised: (error) => {
      lockLost.abort(error);
    },
  }).catch((cause: unknown) => {
    throw new OperatorError('locked', `A base backup into ${base} is already running`, {
      hint: 'Wait until it ends. A lock that a killed process left is taken over after 10 s.',
      cause,
    });
  });
  try {
    await removePartial(base);
    const facts = await options.facts();
    const id = pointId('base', new Date());
    const backup = await takeBaseBackup({
      ...options,
      signal,
      destination: join(base, id),
      label: id,
      archive: { directory: wal },
    });
    await note(replica, id, backup, facts);
    const verdict = await verifyBaseBackup(join(base, id), { signal });
    const damage = verdict.state === 'damaged' ? verdict.reasons : [];
    await withCatalogue(replica, ({ append }) =>
      append({ kind: 'verification', id, time: new Date().toISOString(), state: verdict.state, reasons: [...damage] })
    );
    return { id, backup, damage, removed: await prune(replica, options.keep) };
  } finally {
    await (lockLost.signal.aborted ? undefined : release());
  }
}

/**
 * Removes the base backups older than the newest `keep` that were verified healthy, then WAL and marks that lie before
 * the oldest one left. Without a healthy one nothing is removed.
 */
export async function prune(replica: string, keep: number): Promise<BackedUp['removed']> {
  const { base, wal } = replicaLayout(replica);
  const { entries } = await readCatalogue(replica);
  const ids = await baseIds(replica);
  const isHealthy = (id: string): boolean => {
    const verdict = entries.findLast((entry) => entry.kind === 'verification' && entry.id === id);
    return verdict?.kind === 'verification' && verdict.state === 'healthy';
  };
  const oldest = ids.filter(isHealthy).slice(-Math.max(1, keep))[0];
  if (oldest === undefined) {
    return { bases: [], walFiles: 0 };
  }
  const { startLsn, stopLsn } = await readManifest(join(base, oldest));
  const removed = ids.filter((id) => id < oldest);
  await withCatalogue(replica, (catalogue) =>
    catalogue.keep((entry) =>
      entry.kind === 'restore-point' ? parseLsn(entry.lsn) >= stopLsn : !removed.includes(entry.id)
    )
  );
  for (const id of removed) {
    await rm(join(base, id), { recursive: true, force: true });
  }
  return { bases: removed, walFiles: await pruneWal(wal, startLsn) };
}

/** What a backup that was killed half-way left. */
async function removePartial(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    if (name.endsWith('.partial')) {
      await rm(join(base, name), { recursive: true, force: true });
    }
  }
}

async function note(replica: string, id: string, backup: BaseBackup, facts: Facts): Promise<void> {
  await withCatalogue(replica, ({ append }) =>
    append({
      kind: 'base-backup',
      id,
      startedAt: backup.startedAt.toISOString(),
      time: backup.endedAt.toISOString(),
      startLsn: formatLsn(backup.startLsn),
      lsn: formatLsn(backup.stopLsn),
      timeline: backup.timeline,
      sizeBytes: backup.sizeBytes,
      facts,
    })
  );
}
