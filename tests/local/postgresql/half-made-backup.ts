import { takeBaseBackup } from '../../../components/local/postgresql/base-backup';

// A process that copies a base backup and then waits for WAL that never comes, so that a test can kill it there.
void takeBaseBackup(JSON.parse(process.env['BACKUP'] ?? '{}') as Parameters<typeof takeBaseBackup>[0]);
