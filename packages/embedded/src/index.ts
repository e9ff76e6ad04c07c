export type { PostgresVersion } from './binaries/locate.ts';
export type { EmbeddedPostgres } from './embedded-postgres.ts';
export { EmbeddedPostgresError, type EmbeddedPostgresErrorCode } from './embedded-postgres-error.ts';
export { type PostgresOptions, startPostgres } from './start-postgres.ts';
