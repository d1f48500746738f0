import type { ResourceType } from '@medplum/fhirtypes';
import type { Queryable } from './database';
import { resourceTypes } from './resource-types';

export interface Column {
  readonly name: string;
  readonly type: string;
}

const commonColumns: readonly Column[] = [
  { name: 'id', type: 'uuid NOT NULL PRIMARY KEY' },
  { name: 'content', type: 'text NOT NULL' },
  { name: 'lastUpdated', type: 'timestamp with time zone NOT NULL' },
  { name: 'deleted', type: 'boolean NOT NULL DEFAULT false' },
  { name: '_profile', type: 'text[]' },
  { name: '_source', type: 'text' },
  { name: 'projectId', type: 'uuid' },
  { name: '__version', type: 'integer NOT NULL' },
];

/** The columns of a main table. Of Medplum's search columns only `JsonWebKey.active` exists: its key query needs it. */
export function columnsOf(resourceType: ResourceType): readonly Column[] {
  return [
    ...commonColumns,
    ...(resourceType === 'Binary' ? [] : [{ name: 'compartments', type: 'uuid[] NOT NULL' }]),
    ...(resourceType === 'JsonWebKey' ? [{ name: 'active', type: 'boolean' }] : []),
  ];
}

// One transaction holds a lock on each relation it creates. 30 types are about 300, which the smallest lock table has.
const typesPerBatch = 30;

/**
 * Creates the tables of Medplum 5.0.10 as far as recovery looks at them: per resource type a main table, its history
 * and `T_References` (which stays empty here). Creates only what is missing.
 */
export async function createSchema(client: Queryable): Promise<void> {
  await client.query(
    `CREATE EXTENSION IF NOT EXISTS btree_gin; CREATE EXTENSION IF NOT EXISTS pg_trgm;
     CREATE OR REPLACE FUNCTION token_array_to_text(text[]) RETURNS text LANGUAGE sql IMMUTABLE
     AS $$SELECT e'\\x03'||array_to_string($1, e'\\x03')||e'\\x03'$$;`
  );
  for (let start = 0; start < resourceTypes.length; start += typesPerBatch) {
    await client.query(
      resourceTypes
        .slice(start, start + typesPerBatch)
        .map(tablesOf)
        .join('\n')
    );
  }
}

function tablesOf(resourceType: ResourceType): string {
  const columns = columnsOf(resourceType).map((column) => `"${column.name}" ${column.type}`);
  const history = `${resourceType}_History`;
  const references = `${resourceType}_References`;
  return `
CREATE TABLE IF NOT EXISTS "${resourceType}" (${columns.join(', ')});
CREATE INDEX IF NOT EXISTS "${resourceType}_lastUpdated_idx" ON "${resourceType}" ("lastUpdated");
CREATE INDEX IF NOT EXISTS "${resourceType}_projectId_lastUpdated_idx" ON "${resourceType}" ("projectId", "lastUpdated");
CREATE TABLE IF NOT EXISTS "${history}" ("versionId" uuid NOT NULL PRIMARY KEY, id uuid NOT NULL, content text NOT NULL,
  "lastUpdated" timestamp with time zone NOT NULL);
CREATE INDEX IF NOT EXISTS "${history}_id_idx" ON "${history}" (id);
CREATE INDEX IF NOT EXISTS "${history}_lastUpdated_idx" ON "${history}" ("lastUpdated");
CREATE TABLE IF NOT EXISTS "${references}" ("resourceId" uuid NOT NULL, "targetId" uuid NOT NULL, code text NOT NULL,
  PRIMARY KEY ("targetId", code, "resourceId"));`;
}
