import { describe, expect, test } from 'vitest';
import * as core from '../index.ts';

const hostile = {
  'a line break': 'a\r\nb\u2028c',
  'an escape sequence': 'a\u001b[31mb\u009b1m',
  'a NUL': 'a\0b',
  'another direction of writing': 'a\u202eb',
  'half of a surrogate pair': 'a\ud800b',
  'a hundred kilobytes': 'x'.repeat(100_000),
};
const unreadable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** Each error with the name wherever it takes one, as data of another release or of another store can have it. */
const errorsWith = (name: string): readonly core.LeftfoldError[] => {
  const identity = { kind: 'projection', name, version: 1 };
  const cause = new Error(name);
  const place = { consumer: name, source: name, key: name, sequence: name };
  const issues = Array.from({ length: 9 }, () => ({ path: name, code: 'custom', message: name }));
  return [
    new core.AppendConditionFailedError(
      { position: 2, type: name, streamId: name },
      { queries: [0], after: 1 },
      { cause },
    ),
    new core.AppendConditionFailedError(
      { position: 2, type: name, streamId: name },
      { queries: [0], after: 1, roles: [name] },
    ),
    new core.AppendTooLargeError(name, name, 2, 1),
    new core.ClosedError(name),
    new core.CommandAbortedError(name, 'not-appended'),
    new core.CommandIdReusedError(name),
    new core.CommandRejectedError(name, name),
    new core.DatabaseNotConfiguredError(name, { cause }),
    new core.DuplicateDefinitionError(name, name),
    new core.EventIdReusedError(name),
    new core.ForeignSchemaError(name, name, name),
    new core.InvalidArgumentError(name, name),
    core.InvalidArgumentError.not('a text', name, name),
    core.InvalidArgumentError.notOneOf('a text', name, name),
    new core.InvalidCommandError(name, issues),
    new core.InvalidDefinitionError(name),
    new core.InvalidEventError(name, 1, issues),
    new core.InvalidNameError('stream id', name, 'is none'),
    new core.LogRewoundError({ lostFrom: 1, lostTo: 2, end: 0 }),
    new core.LoginRefusedError({ cause }),
    new core.MigrationFailedError(name, { cause }),
    new core.MissingRightsError(name, { message: name }),
    new core.NotReadyError([name], 5),
    new core.ProcessDeadlineFailedError(
      { process: name, id: name },
      { deadline: name, attempts: 2 },
      { cause },
    ),
    new core.ProcessDefinitionChangedError(name, 1, 2),
    new core.ProcessInstanceNotFoundError({ process: name, id: name }),
    new core.ProcessOperationRefusedError({ process: name, id: name }, name, name),
    new core.ProcessTimeoutError({ process: name, id: name }, name, 5),
    new core.ProcessVersionMissingError(name, 2, [1]),
    new core.ProjectionConstraintViolatedError(identity, { table: name, constraint: name }),
    new core.ProjectionModeMismatchError(name, name),
    new core.ProjectionNotInlineError(name, name),
    new core.ReadOnlyDatabaseError(name),
    new core.RebuildDroppedError(identity),
    new core.RebuildRefusedError(identity, name),
    new core.RepairRefusedError(identity, name),
    new core.ReleaseOutdatedError(identity, { cause }),
    new core.SchemaMismatchError(name, 1, 2),
    new core.SchemaNotMigratedError(name, { fix: name }),
    new core.SequenceBehindError(name),
    new core.ServerTooOldError(1, 15),
    new core.StoreUnavailableError(name),
    new core.StreamVersionConflictError(name, 1, 2),
    new core.SubscriptionFailedError(identity, { type: name, position: 1 }, { cause }),
    new core.SubscriptionMismatchError(identity, Array(9).fill(name)),
    new core.SubscriptionNotCaughtUpError(identity, 1),
    new core.SubscriptionNotFoundError(identity),
    new core.EventParkedError(identity, { position: 1, type: name, key: name, attempts: 1 }, { cause }),
    new core.KeysParkedError(identity, 2),
    new core.SubscriptionStalledError(identity, 1, name),
    new core.SubscriptionTimeoutError(identity, 2, 1, 5),
    new core.InvalidMessageError(name, { cause }),
    new core.MessageMissingError(place, name, 5),
    new core.MessageParkedError(place, 1, { cause }),
    new core.MessageRefusedError(name, name, name, { cause }),
    new core.MessageTimeoutError(place, name, 5),
    new core.SourceRewoundError(place),
    new core.TransactionRolledBackError({ cause }),
    new core.TransportRefusedError(name, name, { cause }),
    new core.TransportUnavailableError(name, name, { cause }),
    new core.UnknownCommandError(name, Array(99).fill(name)),
    new core.UnknownEventError(name),
    new core.WrongEncodingError(name),
    new core.WrongIsolationLevelError(name),
  ];
};

describe.each(Object.entries(hostile))('a name with %s', (_, name) => {
  test.each(errorsWith(name).map((error) => [error.code, error] as const))(
    'is in one readable line of %s',
    (_code, error) => {
      expect(error.message).not.toMatch(unreadable);
      expect(error.message.length).toBeLessThanOrEqual(4_000);
      // The fix, which is last.
      expect(error.message.length).toBeGreaterThan(0);
      expect(String(error.stack)).not.toContain(name);
    },
  );
});

test('every error class that is exported is tried', () => {
  const classes = Object.keys(core).filter((name) => name.endsWith('Error') && name !== 'LeftfoldError');
  const tried = new Set(errorsWith('a').map(({ name }) => name));
  expect([...tried].toSorted()).toEqual(classes.toSorted());
});

test('a message that is too long keeps its end, which says what to do', () => {
  const { message } = new core.EventIdReusedError('x'.repeat(100_000));
  expect(message).toMatch(
    /^event id "xxx.*xxx" is already recorded for another event; give the new event another id$/,
  );
  expect(message).toContain('…');
});
