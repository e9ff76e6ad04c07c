export { tell, warn } from './callback/tell.ts';
export type { Failure, FailureName, Fault, Retry } from './errors/failure.ts';
export { failureOf } from './errors/failure-of.ts';
export {
  isAborted,
  isConnectionFailure,
  isIdleEnded,
  isLockTimeout,
  isLostRace,
  isNoAnswer,
  isNotMigrated,
  isOperational,
  isRolledBack,
  isStatementEnded,
  isUnknownColumn,
  isWriteRefused,
  type ViolatedConstraint,
  violatedConstraintOf,
} from './errors/questions.ts';
export { toLeftfoldError } from './errors/to-leftfold-error.ts';
export {
  inTransaction,
  type PipelinedTransaction,
  type TransactionOptions,
} from './kysely/in-transaction.ts';
export { IDLE_LIMIT_MS, idleLimitAtLeast, type TransactionLimits } from './kysely/transaction-limits.ts';
export { asKysely, kyselyOn } from './kysely/kysely-on.ts';
export { applyMigrations } from './migrate/apply-migrations.ts';
export { findAdvisoryLockHolders, namingLockHolders } from './migrate/lock-holders.ts';
export { migrationScript } from './migrate/migration-script.ts';
export { assertOwnSchema } from './migrate/schema-owner.ts';
export type { MigrateOptions, Migration, SqlFunction } from './migrate/migration.ts';
export { Notifier, type NotifierOptions } from './notify/notifier.ts';
export { onAbort } from './pause/on-abort.ts';
export { OutagePause } from './pause/outage-pause.ts';
export { pause } from './pause/pause.ts';
export { SharedLimit } from './pause/shared-limit.ts';
export { within } from './pause/within.ts';
export { borrow, type BorrowedClient } from './pool/borrow.ts';
export { hostOf } from './pool/connection-string.ts';
export { type ConnectionOptions, openPool } from './pool/open-pool.ts';
export { OpenedPool } from './pool/opened-pool.ts';
export { LoopSlots } from './pool/loop-slots.ts';
export { Slots } from './pool/slots.ts';
export { assertTransaction, type CallerTransaction } from './statement/caller-transaction.ts';
export { StatementNames } from './statement/statement-names.ts';
export { type RunnerOptions, runnerInTransaction, runnerOn } from './statement/statement-runner.ts';
export type { Statement, StatementRunner } from './statement/statement.ts';
export { jsonArray, numberArray, textArray, toNumbers } from './values/arrays.ts';
export { toSafeNumber } from './values/numbers.ts';
export { valueParsers } from './values/value-parsers.ts';
