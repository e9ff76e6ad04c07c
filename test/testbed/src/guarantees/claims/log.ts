import type { Claim } from '../claim.ts';

/** What an append guarantees. */
export const logClaims = {
  'append-only': {
    claim:
      'The log is append-only: UPDATE, DELETE and TRUNCATE are refused, also for its owner and for a superuser.',
    statedIn: 'guides/event-store.md#using-sql',
  },
  'versions-without-holes': {
    claim: 'The versions of a stream are 1, 2, 3 … without holes, under concurrent writers.',
    statedIn: 'concepts.md#streams-and-versions',
  },
  'log-went-back': {
    claim:
      'A process that is running when the log goes back, since another database is at its address or a backup was restored, decides on nothing that was lost: its appends that rest on it are refused, commands load and decide again, and readers get a LogRewoundError.',
    statedIn: 'operating.md#when-the-log-went-back',
  },
  'log-copied-without-its-sequence': {
    claim:
      'In a log that was copied without its sequence, no event gets a position before those that exist: appends and reads of the log are refused.',
    statedIn: 'operating.md#backup-and-restore',
  },
  'tokens-name-their-event': {
    claim:
      'A token is refused with a LogRewoundError, by queries, waits and readers, when the log does not have the event that it names.',
    statedIn: 'operating.md#when-the-log-went-back',
  },
  'create-once': {
    claim:
      'When two writers create the same stream, or two commands the same aggregate, exactly one succeeds.',
    statedIn: 'guides/event-store.md#appending-events',
  },
  'blind-appends-never-conflict': {
    claim:
      "An append with `expectedVersion: 'any'` or `'stream-exists'` never fails because of another append to the stream.",
    statedIn: 'guides/event-store.md#appending-events',
  },
  'expected-version': {
    claim:
      'An append with an expected version succeeds only if the stream has that version, whatever other writers do.',
    statedIn: 'guides/event-store.md#appending-events',
  },
  'atomic-appends': {
    claim: 'The events of one append, to one stream or to several, are recorded together or not at all.',
    statedIn: 'guides/event-store.md#appending-events',
  },
  'no-write-skew': {
    claim:
      'When two appends each check the stream, or exclude the events, that the other one writes, at most one succeeds.',
    statedIn: 'decisions/0009-conditions-on-tags.md#proof',
  },
  'no-deadlocks': {
    claim: 'Appends to the same streams and tags do not deadlock, in whatever order each call names them.',
    statedIn: 'decisions/0009-conditions-on-tags.md#proof',
  },
  'isolated-failures': {
    claim:
      'An append that fails, or has to wait for another transaction, neither fails nor delays appends to other streams and tags.',
    statedIn: 'decisions/0005-group-commit.md#choice',
  },
  'append-conditions': {
    claim:
      'An append condition fails if, and only if, an event after its position has all tags, one of the types, and the category that one of its queries names; each part can be left out.',
    statedIn: 'guides/event-store.md#conditions-on-tags',
  },
  'decision-reads': {
    claim:
      'A read for a decision returns every event that its condition does not count, whatever other appends are in flight.',
    statedIn: 'decisions/0009-conditions-on-tags.md#reading-for-a-decision',
  },
  'conditions-wait-for-appends-in-flight': {
    claim:
      'An append condition does not miss an event that another transaction is writing, by whichever function it is written.',
    statedIn: 'decisions/0009-conditions-on-tags.md#proof',
  },
  'conditions-hold-until-commit': {
    claim:
      'An event that matches a condition, and that the condition did not find, has a higher position than the events of the append.',
    statedIn: 'decisions/0009-conditions-on-tags.md#proof',
  },
  'bounded-tag-locks': {
    claim:
      'An append takes at most 512 locks on tags and 64 on types, however many its events and conditions have.',
    statedIn: 'decisions/0009-conditions-on-tags.md#number-of-locks',
  },
  'bounded-append-queue': {
    claim:
      'The appends that wait in a process are bounded: one above the limit is refused before it is sent, and the others succeed.',
    statedIn: 'limits.md#events-and-appends',
  },
  'idempotent-appends': {
    claim:
      'An append with the same event ids, or the same command id, adds nothing the second time and returns the first result.',
    statedIn: 'guides/event-store.md#repeating-an-append',
  },
  'unique-event-ids': {
    claim: 'An event id never identifies two events: an append that uses it for another event is refused.',
    statedIn: 'guides/event-store.md#repeating-an-append',
  },
  'lost-answers': {
    claim:
      'An append or a command whose answer from the database is lost is recorded once, also without a command id.',
    statedIn: 'decisions/0005-group-commit.md#choice',
  },
  'caller-transactions': {
    claim:
      'An append in the transaction of its caller commits and rolls back with it, and a conflict leaves that transaction usable.',
    statedIn: 'guides/event-store.md#appending-in-your-own-transaction',
  },
  'read-committed-only': {
    claim: 'An append at an isolation level other than read committed is refused.',
    statedIn: 'decisions/0001-global-order.md#choice',
  },
  durable: {
    claim: 'An append that was acknowledged is still there after a crash and a restart of the server.',
    statedIn: 'operating.md#durability',
  },
} as const satisfies Readonly<Record<string, Claim>>;
