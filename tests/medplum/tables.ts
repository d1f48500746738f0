import { randomUUID } from 'node:crypto';
import { escapeIdentifier, type ClientBase } from 'pg';

/** Tables of a resource type as a real Medplum 5.0.10 has them, without its search columns. */
export async function makeTables(client: ClientBase, types: readonly string[]): Promise<void> {
  for (const type of types) {
    const main = escapeIdentifier(type);
    const history = escapeIdentifier(`${type}_History`);
    await client.query(`
      create table ${main} (id uuid primary key, content text not null, "lastUpdated" timestamptz not null,
        deleted boolean not null default false, "projectId" uuid, __version integer not null default 12);
      create index on ${main} ("lastUpdated");
      create table ${history} ("versionId" uuid primary key, id uuid not null, content text not null,
        "lastUpdated" timestamptz not null);
      create index on ${history} ("lastUpdated")`);
  }
}

export interface Version {
  readonly type: string;
  readonly id: string;
  readonly at: Date;
  /** Undefined for a delete. */
  readonly elements?: object;
  readonly projectId?: string;
}

/** Writes a version as Medplum does: the row of the id, and a row of its history. @returns the version's id. */
export async function writeVersion(
  client: ClientBase,
  { type, id, at, elements, projectId }: Version
): Promise<string> {
  const versionId = randomUUID();
  const meta = { versionId, lastUpdated: at.toISOString() };
  const content = elements === undefined ? '' : JSON.stringify({ resourceType: type, id, meta, ...elements });
  const values = [id, content, at, elements === undefined, projectId ?? null, elements === undefined ? -1 : 12];
  await client.query(
    `insert into ${escapeIdentifier(type)} (id, content, "lastUpdated", deleted, "projectId", __version)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (id) do update set content = excluded.content, "lastUpdated" = excluded."lastUpdated",
       deleted = excluded.deleted, __version = excluded.__version`,
    values
  );
  await client.query(`insert into ${escapeIdentifier(`${type}_History`)} values ($1, $2, $3, $4)`, [
    versionId,
    id,
    content,
    at,
  ]);
  return versionId;
}
