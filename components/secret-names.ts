/*
 * Names of an environment's secrets, the same on every platform: layers are configured by them, and the driver asks for
 * them at a recovered site.
 */

/** Secrets that an environment makes up for itself. */
export const DATABASE_PASSWORD = 'databasePassword';
export const CACHE_PASSWORD = 'cachePassword';
export const SUPER_ADMIN_CLIENT_ID = 'superAdminClientId';
export const SUPER_ADMIN_CLIENT_SECRET = 'superAdminClientSecret';
/** An ordinary project's client, which verification works through; put in by the operator. */
export const VERIFICATION_CLIENT_ID = 'verificationClientId';
export const VERIFICATION_CLIENT_SECRET = 'verificationClientSecret';
