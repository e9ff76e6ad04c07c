import type { Claim } from '../claim.ts';

/** What is refused, and how the error says so. */
export const refusalClaims = {
  'invalid-input': {
    claim:
      'Names, payloads and command inputs that cannot be stored are refused by a typed error before any statement is sent, and nothing is recorded.',
    statedIn: 'limits.md',
  },
  'no-values-in-errors': {
    claim:
      'No payload, no value of a row and no password is in an error, a status, a trace, a warning or a printed object.',
    statedIn: 'errors.md',
  },
  'unavailable-database': {
    claim:
      'A database that cannot be reached, has no connection left or refuses the login is reported by a typed error that says what to check.',
    statedIn: 'errors.md',
  },
  'role-settings': {
    claim:
      'A role that may only read, or whose `lock_timeout` or `statement_timeout` ends an append, gets a typed error that names the setting.',
    statedIn: 'errors.md',
  },
  'server-settings': {
    claim:
      'Settings of a role or a database that change how values are read and written, such as `datestyle`, do not change results.',
    statedIn: 'guides/event-store.md#opening-and-migrating-a-store',
  },
  standby: {
    claim:
      'A standby serves single streams, and refuses the log and every write with an error that names the primary as the place to go.',
    statedIn: 'operating.md#replicas-and-failover',
  },
  'duplicate-definitions': {
    claim: 'Two definitions with the same name are refused.',
    statedIn: 'errors.md',
  },
  'table-mismatch': {
    claim: 'A projection that is not as this database has it is left alone, with the list of differences.',
    statedIn: 'guides/projections.md#changing-a-projection',
  },
} as const satisfies Readonly<Record<string, Claim>>;
