/**
 * How a Medplum server is set so that it does nothing by itself, as far as its configuration can say so. All of it was
 * read in, or seen on, Medplum 5.0.10 with the `env` source, unless another release is named. It is not enough: 5.0.10
 * starts its subscription, download and cron workers whatever its settings say, and a bot that runs on AWS Lambda needs
 * no more than the credentials of the machine. What stops those is that the copy's connections are refused.
 */
export const QUARANTINE_SETTINGS: Readonly<Record<string, string>> = {
  // Without a provider named the server takes Amazon SES (config/utils.ts).
  MEDPLUM_EMAIL_PROVIDER: 'none',
  // It is on by default and no key of the boolean list, so "false" would be true: an empty text is what is not
  // (config/utils.ts, workers/download.ts).
  MEDPLUM_AUTO_DOWNLOAD_ENABLED: '',
  // Later 5.x releases: no worker at all. 5.0.10 does not read it.
  MEDPLUM_WORKERS_ENABLED: '[]',
};

/** Settings that must be absent. `…_` stands for all that begin so. */
const ABSENT = [
  // Any one of them makes the server send by SMTP, whatever the provider is (email/email.ts).
  'MEDPLUM_SMTP',
  'MEDPLUM_SMTP_',
  // No keys of the boolean list: any text switches them on, "false" too (config/utils.ts).
  'MEDPLUM_VM_CONTEXT_BOTS_ENABLED',
  'MEDPLUM_PRE_COMMIT_SUBSCRIPTIONS_ENABLED',
  // Where bots in the server's own process send what they ask of the API; else the base URL (bots/vmcontext.ts).
  'MEDPLUM_VM_CONTEXT_BASE_URL',
  'MEDPLUM_BOT_CUSTOM_FUNCTIONS_ENABLED',
  // Deploying a bot needs both; functions are named by the bot's id alone, so a copy that deployed one would overwrite
  // production's (cloud/aws/deploy.ts).
  'MEDPLUM_BOT_LAMBDA_ROLE_ARN',
  'MEDPLUM_BOT_LAMBDA_LAYER_NAME',
  'MEDPLUM_FISSION_',
  // Other releases write audit events into this log group of AWS, which is production's.
  'MEDPLUM_AUDIT_EVENT_LOG_',
  // Derived from the base URL when absent (config/utils.ts). The copy holds production's signing keys: with its issuer,
  // tokens of the one would be good at the other.
  'MEDPLUM_BASE_URL',
  'MEDPLUM_ISSUER',
  'MEDPLUM_JWKS_URL',
  'MEDPLUM_AUTHORIZE_URL',
  'MEDPLUM_TOKEN_URL',
  'MEDPLUM_USER_INFO_URL',
  'MEDPLUM_INTROSPECT_URL',
  'MEDPLUM_REGISTER_URL',
  'MEDPLUM_STORAGE_BASE_URL',
  // Where the data lies: the copy's own places only.
  'MEDPLUM_DATABASE_HOST',
  'MEDPLUM_DATABASE_PORT',
  'MEDPLUM_DATABASE_PROXY_ENDPOINT',
  'MEDPLUM_READONLY_DATABASE_',
  'MEDPLUM_REDIS_HOST',
  'MEDPLUM_REDIS_PORT',
  'MEDPLUM_BINARY_STORAGE',
  // Later 5.x releases: further Redis servers, each falling back to the one.
  'MEDPLUM_CACHE_REDIS_',
  'MEDPLUM_RATE_LIMIT_REDIS_',
  'MEDPLUM_PUBSUB_REDIS_',
  'MEDPLUM_BACKGROUND_JOBS_REDIS_',
  'MEDPLUM_WORKERS_',
] as const;

/** What is left of an operator's own settings in a quarantined server. `QUARANTINE_SETTINGS` come on top. */
export function withoutForbidden<Value>(settings: Readonly<Record<string, Value>>): Record<string, Value> {
  const isForbidden = (name: string): boolean =>
    name in QUARANTINE_SETTINGS ||
    ABSENT.some((absent) => (absent.endsWith('_') ? name.startsWith(absent) : name === absent));
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !isForbidden(name)));
}
