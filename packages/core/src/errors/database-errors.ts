import { LeftfoldError } from './leftfold-error.ts';

/** No database was named: neither a connection string nor a pool was given. */
export class DatabaseNotConfiguredError extends LeftfoldError {
  readonly code = 'DATABASE_NOT_CONFIGURED';
  readonly retryable = false;

  /** @param fix what to set, pass or install */
  constructor(fix: string, options?: ErrorOptions) {
    super(`no database is configured: ${fix}`, options);
  }
}

/** The database refuses the login: wrong password, unknown role, or unknown database. */
export class LoginRefusedError extends LeftfoldError {
  readonly code = 'LOGIN_REFUSED';
  readonly retryable = false;

  /** @param options.reason what to check. @default all of it */
  constructor({
    reason = 'check role, password and database of the connection string',
    ...options
  }: ErrorOptions & { readonly reason?: string } = {}) {
    super(`the database refuses the login: ${reason}`, options);
  }
}

/** The server is older than the oldest one that is supported. */
export class ServerTooOldError extends LeftfoldError {
  readonly code = 'SERVER_TOO_OLD';
  readonly retryable = false;
  /** Major version of the server. */
  readonly installed: number;
  /** Oldest major version that is supported. */
  readonly required: number;

  constructor(installed: number, required: number) {
    super(`PostgreSQL ${installed} is too old; use ${required} or newer`);
    this.installed = installed;
    this.required = required;
  }
}

/** A schema lacks tables or functions that the call needs. */
export class SchemaNotMigratedError extends LeftfoldError {
  readonly code = 'SCHEMA_NOT_MIGRATED';
  readonly retryable = false;
  readonly schema: string;

  /** @param fix whose `migrate()` creates what is missing */
  constructor(schema: string, options?: ErrorOptions & { readonly fix?: string | undefined }) {
    super(
      `schema "${schema}" is not migrated as this release needs it; ${options?.fix ?? 'run migrate() first'}, or start the newer release here if that has migrated it`,
      options,
    );
    this.schema = schema;
  }
}

/** The log has events at positions that its sequence would draw again. It was copied without the sequence. */
export class SequenceBehindError extends LeftfoldError {
  readonly code = 'SEQUENCE_BEHIND';
  readonly retryable = false;
  readonly schema: string;

  constructor(schema: string, options?: ErrorOptions) {
    super(
      `the sequence of positions in schema "${schema}" is behind the log, as after a copy by logical replication, and nothing was appended: new events would get positions that readers have passed; stop all writers and run: select setval('"${schema}".event_position', (select max(position) from "${schema}".events))`,
      options,
    );
    this.schema = schema;
  }
}

/** The role of the connection lacks a right on the schema. */
export class MissingRightsError extends LeftfoldError {
  readonly code = 'MISSING_RIGHTS';
  readonly retryable = false;
  readonly schema: string;

  /** @param options.message what the right is needed for, and what to grant */
  constructor(schema: string, { message, ...options }: ErrorOptions & { readonly message?: string } = {}) {
    super(
      message ??
        `the role of this connection lacks a right on schema "${schema}"; grant it, or migrate with a role that has it`,
      options,
    );
    this.schema = schema;
  }
}

/** A schema that the framework would make exists already, and a role that is not trusted owns it. */
export class ForeignSchemaError extends LeftfoldError {
  readonly code = 'FOREIGN_SCHEMA';
  readonly retryable = false;
  readonly schema: string;
  readonly owner: string;

  /** @param role of the connection */
  constructor(schema: string, owner: string, role: string) {
    super(
      `schema "${schema}" belongs to role "${owner}", which "${role}" is not a member of; drop it, give it to "${role}" with ALTER SCHEMA … OWNER TO once you know what is in it, or connect as "${owner}" or a member of it`,
    );
    this.schema = schema;
    this.owner = owner;
  }
}

/** The connection is to a standby, or its transactions are read-only. */
export class ReadOnlyDatabaseError extends LeftfoldError {
  readonly code = 'READ_ONLY_DATABASE';
  readonly retryable = false;

  /** @param message what cannot be done here, and where to connect instead */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** A transaction has another isolation level than read committed. */
export class WrongIsolationLevelError extends LeftfoldError {
  readonly code = 'WRONG_ISOLATION_LEVEL';
  readonly retryable = false;

  /** @param problem which call needs which level, and which level the transaction has */
  constructor(problem: string, options?: ErrorOptions) {
    super(
      `${problem}; begin the transaction with isolation level read committed, or reset default_transaction_isolation of this role and database`,
      options,
    );
  }
}

/** A statement of the transaction failed, its error was caught, and the database rolled everything back. */
export class TransactionRolledBackError extends LeftfoldError {
  readonly code = 'TRANSACTION_ROLLED_BACK';
  readonly retryable = false;

  constructor(options?: ErrorOptions) {
    super(
      'the database rolled the transaction back, because an earlier statement in it failed and the error was caught; let the error through, or avoid it, for example with "on conflict do nothing" or a savepoint',
      options,
    );
  }
}

/** The database does not store text as UTF-8, so that events could not be stored, or would be changed. */
export class WrongEncodingError extends LeftfoldError {
  readonly code = 'WRONG_ENCODING';
  readonly retryable = false;
  readonly encoding: string;

  constructor(encoding: string) {
    super(
      `the database has the encoding ${encoding}; use one with UTF8: create database … encoding 'UTF8' template template0`,
    );
    this.encoding = encoding;
  }
}
