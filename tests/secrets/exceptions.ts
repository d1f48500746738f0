import type { SeenProcess } from '../drill/seen-processes';
import type { SecretSearch } from './search';

/** Secrets in the environment that the operator runs the command in. */
export const OPERATOR_VARIABLES = {
  AWS_SECRET_ACCESS_KEY: 'planted+aws/secret/of-the-driver-Zp81',
  DATABASE_URL: 'postgres://reporting:planted-url-password-Jw27@db.example.org/warehouse',
  MEDPLUM_DATABASE_PASSWORD: 'planted-shell-database-password-Bv36',
} as const;

interface Exception {
  readonly who: string;
  readonly is: RegExp;
  readonly why: string;
  readonly mayHold: readonly string[];
}

/** The only processes that may have a secret in their environment, and which. Any other may have none. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    who: 'driver',
    is: /dist\/automation\/cli\.js/,
    why: 'it is started with the operator’s own environment',
    mayHold: Object.keys(OPERATOR_VARIABLES),
  },
  {
    who: 'engine',
    is: /(^|\/)pulumi\0|pulumi-language-|pulumi-resource-|components\/local\/provider\/main\.js/,
    why: 'it reaches the state backend and the cloud by the operator’s credentials, and hands its environment to its plugins',
    mayHold: Object.keys(OPERATOR_VARIABLES),
  },
  {
    who: 'application',
    is: /stand-in\/main\.js/,
    why: 'Medplum takes its secrets from MEDPLUM_* variables, and the operator’s from those of secretEnvironment',
    mayHold: ['databasePassword', 'cachePassword', 'superAdminClientSecret', 'oddToken'],
  },
  {
    who: 'redis',
    is: /redis-server/,
    why: 'the shell that starts it hands the password over by standard input, and has it from its environment',
    mayHold: ['cachePassword'],
  },
  {
    who: 'backup agent',
    is: /postgresql\/backup-agent\.js/,
    why: 'it logs in to the database (PGPASSWORD)',
    mayHold: ['databasePassword'],
  },
  {
    who: 'rehearsal client',
    is: /rehearsal\/client\/main\.js/,
    why: 'it is an ordinary client of the API',
    mayHold: ['verificationClientSecret'],
  },
];

/** Who a process is by its command line: of those that may hold a secret; null for all others. */
export function exceptionOf({ commandLine }: SeenProcess): Exception | null {
  return EXCEPTIONS.find(({ is }) => is.test(commandLine)) ?? null;
}

/** Secrets in environments that have no business there, as `who (command line): names`. */
export function strayIn(processes: readonly SeenProcess[], search: SecretSearch): string[] {
  return processes.flatMap((seen) => {
    const exception = exceptionOf(seen);
    const stray = search.in(seen.environment).filter((name) => exception?.mayHold.includes(name) !== true);
    const commandLine = seen.commandLine.replaceAll('\0', ' ').trim();
    return stray.length === 0 ? [] : [`${exception?.who ?? 'no exception'} (${commandLine}): ${stray.join(', ')}`];
  });
}
