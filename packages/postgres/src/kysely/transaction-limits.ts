import { settingsList } from '../pool/session-settings.ts';

const transactionSettings = settingsList('transaction');

/**
 * Milliseconds in which the framework's transactions, and those that append, may do nothing before the server ends
 * them. They hold locks that other processes wait for, and a process can be paused, or its host vanish, at any time.
 */
export const IDLE_LIMIT_MS = 5_000;

/** Limits of one transaction, held by the server: they work when its client does not. */
export interface TransactionLimits {
  /** Longest time without a statement, and longest time in which the client takes no answers. @default 5000 */
  readonly idleMs?: number | undefined;
  /** Longest time for which one of its statements waits for a lock, unless the role's is shorter. @default the role's */
  readonly lockMs?: number | undefined;
  /** Longest wait for one lock, in place of the role's `lock_timeout`: looking that up takes longer than most appends. */
  readonly lockTimeoutMs?: number | undefined;
  /** `application_name` of the session until the transaction ends. @default unchanged */
  readonly applicationName?: string | undefined;
}

/**
 * Begins a read committed transaction with limits.
 *
 * SQL: one round trip, which cannot have parameters. The settings end with the transaction. `tcp_user_timeout` ends one
 * whose answers nobody takes, which the idle limit does not; only Linux has it, and connections by a socket file ignore
 * it.
 */
export function beginText({
  idleMs = IDLE_LIMIT_MS,
  lockMs,
  lockTimeoutMs,
  applicationName,
}: TransactionLimits): string {
  const limit = Math.ceil(idleMs);
  const waits = lockTimeoutMs === undefined ? '' : `, ${setLocal('lock_timeout', `${lockTimeoutMs}`)}`;
  const named =
    applicationName === undefined
      ? ''
      : `, ${setLocal('application_name', applicationName.replaceAll("'", "''"))}`;
  const lockLimit = lockMs === undefined ? '' : `, ${lockTimeoutAtMost(lockMs)}`;
  return `begin isolation level read committed;
    select ${transactionSettings},
           ${setLocal('idle_in_transaction_session_timeout', `${limit}`)},
           case when pg_catalog.textlike(pg_catalog.version(), '%linux%') then ${setLocal('tcp_user_timeout', `${limit}`)} end${waits}${lockLimit}${named}`;
}

/**
 * An expression that raises a limit of the role for idle transactions to {@link IDLE_LIMIT_MS}, until the end of the
 * transaction: a shorter one would end a transaction between two statements that follow each other. None stays none.
 */
export const idleLimitAtLeast = `pg_catalog.set_config('idle_in_transaction_session_timeout',
  case when pg_catalog.current_setting('idle_in_transaction_session_timeout')::interval
            between '1 microsecond' and '${IDLE_LIMIT_MS} milliseconds' then '${IDLE_LIMIT_MS}'
       else pg_catalog.current_setting('idle_in_transaction_session_timeout') end, true)`;

function setLocal(name: string, value: string): string {
  return `pg_catalog.set_config('${name}', '${value}', true)`;
}

/** An expression that limits, until the end of the transaction, how long a statement waits for a lock. */
export function lockTimeoutAtMost(limitMs: number): string {
  const limit = Math.ceil(limitMs);
  return `pg_catalog.set_config('lock_timeout',
    (select case when reset_val::bigint between 1 and ${limit} then reset_val else '${limit}' end
       from pg_catalog.pg_settings where name = 'lock_timeout'), true)`;
}
