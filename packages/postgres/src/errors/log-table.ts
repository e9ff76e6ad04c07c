import {
  ReadOnlyDatabaseError,
  SequenceBehindError,
  StoreUnavailableError,
  WrongIsolationLevelError,
} from '@leftfold/core';
import { thrownText } from '@leftfold/core/input';
import { EVENT_TOO_LARGE, eventTooLarge } from './event-too-large.ts';
import type { Failure } from './failure.ts';

const lostRace: Failure = {
  name: 'lost-race',
  fault: 'transaction',
  retry: 'at-once',
  passing: false,
  toError: (cause) =>
    new StoreUnavailableError(
      'other writers always came first, and nothing was appended; if row security is enabled on the events, give this role a policy under which it sees all events of the stream',
      { cause },
    ),
};

/** The log was copied without its sequence. */
const sequenceBehind: Failure = {
  fault: 'configuration',
  retry: 'never',
  passing: true,
  toError: (cause, schema) => new SequenceBehindError(schema, { cause }),
};

/** Raised by the log's own functions. */
export const logTable: Readonly<Record<string, Failure>> = {
  /** An isolation level that is not read committed. */
  LF004: {
    fault: 'configuration',
    retry: 'never',
    passing: true,
    toError: (cause) => new WrongIsolationLevelError(thrownText(cause), { cause }),
  },
  /** The log is read on a standby. */
  LF005: {
    fault: 'configuration',
    retry: 'never',
    passing: true,
    toError: (cause) => new ReadOnlyDatabaseError(`${thrownText(cause)}; connect to the primary`, { cause }),
  },
  [EVENT_TOO_LARGE]: { fault: 'request', retry: 'never', passing: false, toError: eventTooLarge },
  LF008: sequenceBehind,
};

/** Unique constraints of the log, by table and name. */
export const constraintTable: Readonly<Record<string, Failure>> = {
  // Another writer appended first.
  'events.events_stream_version_key': lostRace,
  'events.events_event_id_key': lostRace,
  'events.events_pkey': sequenceBehind,
};
