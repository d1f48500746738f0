import { normalizeOperationOutcome } from '@medplum/core';
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { Principal } from './access';
import { isDataError } from './database';
import { PostgresFhirRepository, type RepositoryParts } from './repository';
import type { ResourceRow } from './resource-rows';

/**
 * The repository of one batch bundle. Writes are held back and go to the database together, before the batch reads
 * anything and before it is answered: one statement for many rows is what makes a bulk load fast. When the database
 * refuses one of the rows, each is written by itself; when it refuses all, all of their entries have failed.
 */
export class BatchRepository extends PostgresFhirRepository {
  private readonly shared: RepositoryParts;
  private heldBack: ResourceRow[] = [];
  /** By version id, what became of writes that were held back and then failed. */
  readonly failures = new Map<string, OperationOutcome>();

  constructor(parts: RepositoryParts, principal: Principal) {
    super(parts, principal);
    this.shared = parts;
  }

  /** Writes what was held back. Never throws: `failures` has what went wrong, for the entries concerned. */
  async flush(): Promise<void> {
    const rows = this.heldBack;
    this.heldBack = [];
    try {
      await this.shared.writer.write(rows);
    } catch (error) {
      if (isDataError(error) && rows.length > 1) {
        await this.writeOneByOne(rows);
        return;
      }
      this.fail(rows, error);
    }
  }

  private async writeOneByOne(rows: readonly ResourceRow[]): Promise<void> {
    for (const row of rows) {
      try {
        await this.shared.writer.write([row]);
      } catch (error) {
        this.fail([row], error);
      }
    }
  }

  private fail(rows: readonly ResourceRow[], error: unknown): void {
    for (const row of rows) {
      this.failures.set(row.versionId, normalizeOperationOutcome(error));
    }
  }

  protected override beforeRead(): Promise<void> {
    return this.flush();
  }

  protected override writeAlone(row: ResourceRow): Promise<void> {
    if (row.deleted) {
      return super.writeAlone(row);
    }
    this.heldBack.push(row);
    return Promise.resolve();
  }
}
