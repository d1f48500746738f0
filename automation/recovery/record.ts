import type { SiteOperations } from '../../components/site-operations';

/** The one address that the environment's name leads to; null where there is no record. */
export async function currentRecord(operations: SiteOperations): Promise<string | null> {
  try {
    return (await operations.resolve()).addresses[0] ?? null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND' || code === 'ENODATA') {
      return null;
    }
    throw error;
  }
}
