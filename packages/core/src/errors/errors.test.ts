import { expect, test, vi } from 'vitest';
import { LeftfoldError } from '../index.ts';
import * as core from '../index.ts';

const cause = new Error('the wire was cut');
const messagePlace = {
  consumer: 'shipping',
  source: '/shop/orders',
  key: 'order-1',
  sequence: '0000000000004711',
};
const excluded = { position: 17, type: 'course.subscribed', streamId: 'course-c1' };
const balances = { kind: 'projection', name: 'balances', version: 1 };
const issues = [{ path: 'cents', code: 'too_small', message: 'Too small' }];

// Each error of the framework: its code, whether the same call may succeed later, and what it tells a person.
const errors: readonly [LeftfoldError, LeftfoldError['code'], boolean, string][] = [
  [
    new core.ClosedError('the event store'),
    'CLOSED',
    false,
    'the event store is closed; make calls before closing it, or create a new one',
  ],
  [
    core.InvalidArgumentError.not('a whole number from 0', 'after', Number.NaN),
    'INVALID_ARGUMENT',
    false,
    'after must be a whole number from 0, not NaN',
  ],
  [
    new core.StreamVersionConflictError('account-1', 3, 5),
    'STREAM_VERSION_CONFLICT',
    true,
    'stream "account-1" is at version 5, expected 3; read it again and decide again',
  ],
  [
    new core.AppendConditionFailedError(excluded, { queries: [0, 2], after: 12 }),
    'APPEND_CONDITION_FAILED',
    true,
    'append condition failed: event "course.subscribed" of stream "course-c1" at position 17 (after 12) matches query 0 and query 2 of failIfMatch; read again with readForDecision and decide again',
  ],
  [
    new core.EventIdReusedError('event-1'),
    'EVENT_ID_REUSED',
    false,
    'event id "event-1" is already recorded for another event; give the new event another id',
  ],
  [
    new core.CommandAbortedError('pay-1', 'unknown'),
    'COMMAND_ABORTED',
    true,
    'command "pay-1" was aborted after its append was sent, so that it is unknown whether it was executed; execute it again with this command id',
  ],
  [
    new core.CommandIdReusedError('pay-1'),
    'COMMAND_ID_REUSED',
    false,
    'command id "pay-1" was used before by another command, for another target, with another input, or in the id of an event; give the new command another id',
  ],
  [
    new core.LogRewoundError({ lostFrom: 11, lostTo: 20, end: 10 }),
    'LOG_REWOUND',
    false,
    'the log went back: positions 11 to 20 are known here, and the log, which ends at 10, does not have these events any more; a backup was restored, or a standby that lagged was promoted: read again from a position that the log has, and decide again',
  ],
  [
    new core.AppendTooLargeError('account-1', 'data of event "account.opened"', 2_000_000, 1_000_000),
    'APPEND_TOO_LARGE',
    false,
    'data of event "account.opened" for stream "account-1" is 2000000, the limit is 1000000; split it, or keep large content elsewhere and its address in the event',
  ],
  [
    new core.InvalidNameError('stream id', '', 'must be a text that is not empty'),
    'INVALID_NAME',
    false,
    'stream id "" must be a text that is not empty',
  ],
  [
    new core.DuplicateDefinitionError('event', 'account.opened'),
    'DUPLICATE_DEFINITION',
    false,
    'two definitions of event "account.opened" were given; rename one of them or pass it once',
  ],
  [
    new core.UnknownEventError('account.closed'),
    'UNKNOWN_EVENT',
    false,
    'event type "account.closed" is unknown here; add its defineEvents(...) to the store\'s events',
  ],
  [
    new core.InvalidEventError('account.opened', 2, issues),
    'INVALID_EVENT',
    false,
    'data of event "account.opened" version 2 does not fit: cents: Too small',
  ],
  [
    new core.InvalidCommandError('account.open', issues),
    'INVALID_COMMAND',
    false,
    'command "account.open" does not fit: cents: Too small',
  ],
  [
    new core.UnknownCommandError('account.close', ['account.open']),
    'UNKNOWN_COMMAND',
    false,
    'command "account.close" is unknown here; known: "account.open". Pass its definition to the app',
  ],
  [
    new core.CommandRejectedError('account.withdraw', 'insufficient-funds'),
    'COMMAND_REJECTED',
    false,
    'command "account.withdraw" was rejected: insufficient-funds',
  ],
  [
    new core.SubscriptionFailedError(balances, { type: 'account.opened', position: 7 }, { cause }),
    'SUBSCRIPTION_FAILED',
    false,
    'projection "balances" stopped at event "account.opened", position 7: the wire was cut; fix the cause, then deploy it or call resume()',
  ],
  [
    new core.SubscriptionTimeoutError(balances, 9, 7, 5_000),
    'SUBSCRIPTION_TIMEOUT',
    true,
    'projection "balances" is at position 7, not yet at 9, after 5000 ms; check that a process runs it, or wait longer',
  ],
  [
    new core.EventParkedError(
      balances,
      { position: 7, type: 'account.opened', key: 'ada', attempts: 5 },
      { cause: new Error('no') },
    ),
    'EVENT_PARKED',
    false,
    'projection "balances" parked key "ada": event "account.opened" at position 7 failed 5 times: no; fix the cause, then resume the key, or give the event up',
  ],
  [
    new core.KeysParkedError(balances, 2),
    'KEYS_PARKED',
    false,
    'projection "balances" has set aside the events of 2 keys, whose rows are behind the others; fix the cause, then resume them with parked.resume(), or give the events up with parked.giveUp()',
  ],
  [
    new core.SubscriptionStalledError(balances, 7, 'the table is locked'),
    'SUBSCRIPTION_STALLED',
    true,
    'projection "balances" did not advance from position 7: the table is locked',
  ],
  [
    new core.SubscriptionNotFoundError(balances),
    'SUBSCRIPTION_NOT_FOUND',
    false,
    'projection "balances" has no checkpoint in this database; call migrate() once',
  ],
  [
    new core.SubscriptionMismatchError(balances, ['column "note" is new']),
    'SUBSCRIPTION_MISMATCH',
    false,
    'projection "balances" is not as this database has it: column "note" is new; raise its version to build it beside the old one, or reset() it to build it anew',
  ],
  [
    new core.SubscriptionNotCaughtUpError(balances, 7),
    'SUBSCRIPTION_NOT_CAUGHT_UP',
    true,
    'projection "balances" has not caught up with the log since it began or was reset, it is at position 7; check that a process runs it, or wait longer',
  ],
  [
    new core.NotReadyError(['projection "balances" is stopped', 'the database is away'], 50),
    'NOT_READY',
    true,
    'the app is not ready after 50 ms: projection "balances" is stopped; the database is away',
  ],
  [
    new core.ReleaseOutdatedError(balances, { cause }),
    'RELEASE_OUTDATED',
    false,
    'projection "balances" is left to a newer release, so finish the deployment of that one: the wire was cut',
  ],
  [
    new core.MigrationFailedError('projection "balances"', { cause }),
    'MIGRATION_FAILED',
    false,
    'the migration of projection "balances" failed: the wire was cut; fix the cause, then call migrate() again',
  ],
  [
    new core.SchemaMismatchError('leftfold', 5, 4),
    'SCHEMA_MISMATCH',
    false,
    'schema "leftfold" is at migration 5, this release knows 4: a newer release has migrated it; start that release here, or upgrade the leftfold packages',
  ],
  [
    new core.StoreUnavailableError('cannot reach the database', { cause }),
    'STORE_UNAVAILABLE',
    true,
    'cannot reach the database',
  ],
  [
    new core.InvalidDefinitionError('an index of table "odd" names "x", which is no column of it'),
    'INVALID_DEFINITION',
    false,
    'an index of table "odd" names "x", which is no column of it',
  ],
  [
    new core.ProjectionModeMismatchError('balances', 'is async now; raise its version, or reset() it'),
    'PROJECTION_MODE_MISMATCH',
    false,
    'projection "balances" is async now; raise its version, or reset() it',
  ],
  [
    new core.ProjectionNotInlineError('"balances" version 1', 'a runner applies it'),
    'PROJECTION_NOT_INLINE',
    false,
    'projection "balances" version 1 is not inline: a runner applies it',
  ],
  [
    new core.RebuildRefusedError(balances, 'it is not being rebuilt'),
    'REBUILD_REFUSED',
    false,
    'projection "balances" version 1: it is not being rebuilt',
  ],
  [
    new core.RepairRefusedError(balances, 'more than 10000 rows are wrong'),
    'REPAIR_REFUSED',
    false,
    'projection "balances" version 1: more than 10000 rows are wrong',
  ],
  [
    new core.RebuildDroppedError(balances),
    'REBUILD_DROPPED',
    false,
    'projection "balances" version 1: the rebuild was dropped before it was switched to; rebuild it again',
  ],
  [
    new core.ProjectionConstraintViolatedError(balances, { table: 'email', constraint: 'email_pkey' }),
    'PROJECTION_CONSTRAINT_VIOLATED',
    false,
    'constraint "email_pkey" of table "email" of projection "balances" version 1 is violated; turn this error into a rejection with toRejection in a middleware, or mend the projection',
  ],
  [
    new core.ProcessVersionMissingError('transfer', 1, [3, 2]),
    'PROCESS_VERSION_MISSING',
    false,
    'an instance of process "transfer" has version 1, and this app has 3, 2 only; give it that version too, until its last instance has ended or was moved',
  ],
  [
    new core.ProcessDefinitionChangedError('transfer', 1, 3),
    'PROCESS_DEFINITION_CHANGED',
    false,
    'version 1 of process "transfer" is defined in another way than when 3 open instances began with it, and they go on with what it is now: a step or a state that they have may not be there; if they should go on as they began, give the app that definition as version 1, and this one as version 2',
  ],
  [
    new core.ProcessDeadlineFailedError(
      { process: 'transfer', id: 't-1' },
      { deadline: 'late', attempts: 5 },
      { cause: new Error('no rate') },
    ),
    'PROCESS_DEADLINE_FAILED',
    false,
    'deadline "late" of instance "t-1" of process "transfer" has failed 5 times: no rate; it is tried again at growing intervals, and later deadlines of this instance wait for it: deploy what mends the cause, or cancel the instance',
  ],
  [
    new core.ProcessInstanceNotFoundError({ process: 'transfer', id: 't-1' }),
    'PROCESS_INSTANCE_NOT_FOUND',
    false,
    'instance "t-1" of process "transfer" does not exist; check its id, and that one of the inputs in "starts" has come',
  ],
  [
    new core.ProcessOperationRefusedError({ process: 'transfer', id: 't-1' }, 'retry', 'it has not failed'),
    'PROCESS_OPERATION_REFUSED',
    false,
    'operation "retry" is refused for instance "t-1" of process "transfer": it has not failed',
  ],
  [
    new core.ProcessTimeoutError({ process: 'transfer', id: 't-1' }, 'it is running', 50),
    'PROCESS_TIMEOUT',
    true,
    'instance "t-1" of process "transfer" did not end within 50 ms: it is running; wait longer, and see status() and parked for failures',
  ],
  [
    new core.TransactionRolledBackError({ cause }),
    'TRANSACTION_ROLLED_BACK',
    false,
    'the database rolled the transaction back, because an earlier statement in it failed and the error was caught; let the error through, or avoid it, for example with "on conflict do nothing" or a savepoint',
  ],
  [
    new core.TransportUnavailableError('rabbitmq exchange "shop"', 'nothing listens there', { cause }),
    'TRANSPORT_UNAVAILABLE',
    true,
    'rabbitmq exchange "shop" cannot be used now: nothing listens there',
  ],
  [
    new core.TransportRefusedError('rabbitmq exchange "shop"', 'the login; check user and password', {
      cause,
    }),
    'TRANSPORT_REFUSED',
    false,
    'rabbitmq exchange "shop" refuses: the login; check user and password',
  ],
  [
    new core.MessageRefusedError('rabbitmq exchange "shop"', 'e-1', 'no queue is bound; declare it'),
    'MESSAGE_REFUSED',
    false,
    'rabbitmq exchange "shop" does not take message "e-1": no queue is bound; declare it',
  ],
  [new core.InvalidMessageError('no id'), 'INVALID_MESSAGE', false, 'the message cannot be handled: no id'],
  [
    new core.MessageParkedError(messagePlace, 5, { cause }),
    'MESSAGE_PARKED',
    false,
    `consumer "shipping" parked key "order-1" of "/shop/orders": its message 0000000000004711 failed 5 times: ${cause.message}; fix the cause, then resume the key, or give the message up`,
  ],
  [
    new core.MessageMissingError(messagePlace, '0000000000004700', 5_000),
    'MESSAGE_MISSING',
    true,
    'consumer "shipping" has waited for 5000 ms for a message of key "order-1" of "/shop/orders" between 0000000000004700 and 0000000000004711; look whether it is on its way, have its relay publish it again with rewind(), or go on without it with parked.resume(…, { skipMissing: true })',
  ],
  [
    new core.MessageTimeoutError(messagePlace, '0000000000004700', 50),
    'MESSAGE_TIMEOUT',
    true,
    'consumer "shipping" has handled key "order-1" of "/shop/orders" up to 0000000000004700, not yet up to 0000000000004711, after 50 ms; check that its source publishes a message of that event, or pass tokenOf(event) of one that it does, and that a process runs the consumer, or wait longer',
  ],
  [
    new core.SourceRewoundError(messagePlace),
    'SOURCE_REWOUND',
    false,
    'consumer "shipping" has set aside message 0000000000004711 of key "order-1" of "/shop/orders": the log of the source went back, and messages that were handled here are not in it; look at their effects, then go on with parked.resume(…, { skipMissing: true }), or give the messages up',
  ],
  [
    new core.DatabaseNotConfiguredError('set DATABASE_URL', { cause }),
    'DATABASE_NOT_CONFIGURED',
    false,
    'no database is configured: set DATABASE_URL',
  ],
  [
    new core.LoginRefusedError({ cause }),
    'LOGIN_REFUSED',
    false,
    'the database refuses the login: check role, password and database of the connection string',
  ],
  [
    new core.WrongEncodingError('LATIN1'),
    'WRONG_ENCODING',
    false,
    "the database has the encoding LATIN1; use one with UTF8: create database … encoding 'UTF8' template template0",
  ],
  [
    new core.SequenceBehindError('leftfold', { cause }),
    'SEQUENCE_BEHIND',
    false,
    'the sequence of positions in schema "leftfold" is behind the log, as after a copy by logical replication, and nothing was appended: new events would get positions that readers have passed; stop all writers and run: select setval(\'"leftfold".event_position\', (select max(position) from "leftfold".events))',
  ],
  [new core.ServerTooOldError(12, 15), 'SERVER_TOO_OLD', false, 'PostgreSQL 12 is too old; use 15 or newer'],
  [
    new core.SchemaNotMigratedError('leftfold', { cause }),
    'SCHEMA_NOT_MIGRATED',
    false,
    'schema "leftfold" is not migrated as this release needs it; run migrate() first, or start the newer release here if that has migrated it',
  ],
  [
    new core.ForeignSchemaError('leftfold', 'guest', 'ada'),
    'FOREIGN_SCHEMA',
    false,
    'schema "leftfold" belongs to role "guest", which "ada" is not a member of; drop it, give it to "ada" with ALTER SCHEMA … OWNER TO once you know what is in it, or connect as "guest" or a member of it',
  ],
  [
    new core.MissingRightsError('leftfold', { cause }),
    'MISSING_RIGHTS',
    false,
    'the role of this connection lacks a right on schema "leftfold"; grant it, or migrate with a role that has it',
  ],
  [
    new core.ReadOnlyDatabaseError('the log cannot be read here; connect to the primary', { cause }),
    'READ_ONLY_DATABASE',
    false,
    'the log cannot be read here; connect to the primary',
  ],
  [
    new core.WrongIsolationLevelError('append needs read committed, this transaction has serializable', {
      cause,
    }),
    'WRONG_ISOLATION_LEVEL',
    false,
    'append needs read committed, this transaction has serializable; begin the transaction with isolation level read committed, or reset default_transaction_isolation of this role and database',
  ],
];

test.each(errors)(
  '%s says its code, whether to try again, and what to do',
  (error, code, retryable, message) => {
    expect(error).toMatchObject({ code, retryable, message });
    expect(error.name).toBe(error.constructor.name);
    expect(String(error)).toBe(`${error.constructor.name}: ${message}`);
    expect(error).toBeInstanceOf(Error);
  },
);

test('a condition of a decision that failed names the roles, and not the queries', () => {
  const failed = { queries: [1], after: 12, roles: ['course', 'taken'] };
  expect(new core.AppendConditionFailedError(excluded, failed).message).toBe(
    'append condition failed: event "course.subscribed" of stream "course-c1" at position 17 (after 12) counts in what role "course" and role "taken" reads; decide again',
  );
});

test('a wait for a message of a key without any says which key it has by default', () => {
  expect(new core.MessageTimeoutError(messagePlace, undefined, 50).message).toBe(
    `consumer "shipping" has handled no message of key "order-1" of "/shop/orders", and waited 50 ms for 0000000000004711; check that its relay publishes that event with this key, the event's stream unless the relay declares another one, and that a process runs the consumer, or wait longer`,
  );
});

test('the code of every error is the name of its class in capitals', () => {
  for (const [error, code] of errors) {
    expect(code).toBe(
      error.name
        .replace(/Error$/, '')
        .replace(/(?<=[a-z])(?=[A-Z])/g, '_')
        .toUpperCase(),
    );
  }
});

test('a missing version says how many open instances have it', () => {
  expect(new core.ProcessVersionMissingError('transfer', 1, [2], 3).message).toMatch(
    /^3 open instances of process "transfer" have version 1, and this app has 2 only; give it/,
  );
});

test('every error class that is exported is one of those above', () => {
  const classes = Object.entries(core)
    .filter(([name]) => name.endsWith('Error') && name !== 'LeftfoldError')
    .map(([name]) => name);
  expect(errors.map(([error]) => error.name).toSorted()).toEqual(classes.toSorted());
});

test('an error of this framework is known by its brand, across copies of the package', async () => {
  // Another copy of the module, as a second install of the package would load it.
  vi.resetModules();
  const other = await import('./append-errors.ts');
  expect(other.EventIdReusedError).not.toBe(core.EventIdReusedError);
  const foreign = new other.EventIdReusedError('event-1');
  expect(foreign).not.toBeInstanceOf(core.EventIdReusedError);
  expect(LeftfoldError.is(foreign)).toBe(true);
  expect(LeftfoldError.is(new Error('x'))).toBe(false);
  expect(LeftfoldError.is(null)).toBe(false);
  expect(LeftfoldError.is('STREAM_VERSION_CONFLICT')).toBe(false);
});
