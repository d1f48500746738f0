/** Port of Medplum's server; the load balancer's target. */
export const SERVER_PORT = 8103;
export const TLS_PORT = 443;
export const DATABASE_PORT = 5432;
export const CACHE_PORT = 6379;
