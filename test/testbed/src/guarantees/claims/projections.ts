import type { Claim } from '../claim.ts';

/** What a read model guarantees. */
export const projectionClaims = {
  'applied-once': {
    claim:
      'Two runners never apply an event twice, also when one of them was paused until it lost its lease.',
    statedIn: 'decisions/0003-leases-as-rows.md#choice',
  },
  'runner-failover': {
    claim:
      'When a runner is killed or stopped, the next one continues at the checkpoint within seconds; no event is lost or applied twice.',
    statedIn: 'guides/projections.md#running-projections',
  },
  slices: {
    claim:
      'Each event is in one slice and is processed once; those of a stream in their order. The number of slices changes without a replay.',
    statedIn: 'decisions/0022-slices-and-shares.md#slices',
  },
  'sliced-projections': {
    claim:
      'A projection with slices has the rows that it would have without, in any number of processes and while the number of slices changes.',
    statedIn: 'guides/projections.md#several-processes',
  },
  'even-shares': {
    claim:
      'The processes that run a subscription share its slices out evenly, and again when one of them comes, goes, or cannot run it.',
    statedIn: 'decisions/0022-slices-and-shares.md#shares',
  },
  'idle-slices': {
    claim:
      'Slices without an event of an append advance by one statement of their process, each under its own lease.',
    statedIn: 'decisions/0022-slices-and-shares.md#idle-slices',
  },
  'room-for-the-app': {
    claim:
      'The subscriptions of a process, however many, use at most half of its connections at one time, or the only one.',
    statedIn: 'decisions/0022-slices-and-shares.md#connections',
  },
  outages: {
    claim:
      'A runner continues by itself after the database was unavailable; no event is lost or applied twice.',
    statedIn: 'guides/projections.md#events-that-cannot-be-applied',
  },
  'stops-at-a-failure': {
    claim:
      'A projection that cannot apply an event stops there, reports the event and the cause, and applies nothing after it.',
    statedIn: 'guides/projections.md#events-that-cannot-be-applied',
  },
  'parks-a-key': {
    claim:
      'A projection that parks sets a failing event and all later ones of its key aside, in order and in the transaction of the checkpoint; other keys go on, and a wait for an event that is set aside fails.',
    statedIn: 'guides/projections.md#parking',
  },
  'resumes-in-order': {
    claim:
      'The events of a parked key that is resumed are processed once and in order, before later ones of the key, also when the leader is cut off in the middle.',
    statedIn: 'guides/projections.md#parking',
  },
  'gives-up-with-a-record': {
    claim: 'A parked event is processed or given up, never both; who gave it up, when and why is kept.',
    statedIn: 'guides/projections.md#parking',
  },
  'reactions-in-order': {
    claim:
      'A reaction processes the events of a key in order, keys side by side; a key that fails holds up no other one.',
    statedIn: 'guides/reactions.md#order',
  },
  'reactions-at-least-once': {
    claim:
      'Each event of a reaction is processed at least once, also when its process is stopped or loses its lease.',
    statedIn: 'guides/reactions.md#at-least-once',
  },
  'commands-of-reactions-once': {
    claim:
      'A command of a reaction has the same id each time its event is processed, so that it happens once.',
    statedIn: 'guides/reactions.md#at-least-once',
  },
  'no-effects-of-the-past': {
    claim:
      'A new reaction, a raised version and a deployment repeat no effects: it begins at the end of the log, or where the older version is.',
    statedIn: 'guides/reactions.md#where-it-begins',
  },
  'statement-order': {
    claim:
      'Statements that handlers return are executed in order, after everything that earlier handlers wrote.',
    statedIn: 'guides/projections.md#projections-with-handlers',
  },
  'jsonb-values': {
    claim:
      'A column of type jsonb holds each JSON value as it was given, whichever way a handler writes or compares it.',
    statedIn: 'guides/projections.md#projections-with-handlers',
  },
  'failed-statements-name-their-event': {
    claim: 'A statement that fails is reported with the event that it was for.',
    statedIn: 'guides/projections.md#events-that-cannot-be-applied',
  },
  'projections-fail-alone': {
    claim: 'A projection that fails or is slow does not delay the others.',
    statedIn: 'guides/projections.md#events-that-cannot-be-applied',
  },
  'filtered-projections-advance': {
    claim: 'A projection that reads few event types advances past all other events.',
    statedIn: 'operating.md#monitoring',
  },
  'inline-in-step': {
    claim: 'An inline projection shows an append as soon as it is acknowledged, and rolls back with it.',
    statedIn: 'guides/projections.md#inline',
  },
  'inline-history': {
    claim:
      'An inline projection that is new in a log with history has every event once, also while appends go on.',
    statedIn: 'guides/projections.md#inline',
  },
  'inline-complete': {
    claim:
      'No append is missing from an inline projection: one that does not apply it, by whatever process or in SQL, ends its inline mode first, and a runner continues exactly there.',
    statedIn: 'guides/deploying.md#inline-projections',
  },
  'inline-mode-change': {
    claim:
      'A projection that changes between async and inline has every event once while releases of both kinds run, without a new version.',
    statedIn: 'guides/deploying.md#inline-projections',
  },
  'inline-start-bounded': {
    claim:
      'A start that waits for an inline projection reports for which process or transaction, and ends when there is no progress.',
    statedIn: 'guides/deploying.md#inline-projections',
  },
  'inline-query': {
    claim:
      'A query of an inline projection that is applied asynchronously for now waits for what was settled when it began.',
    statedIn: 'guides/deploying.md#inline-projections',
  },
  'inline-concurrent-rows': {
    claim: 'Concurrent appends that change the same row of an inline projection all take effect.',
    statedIn: 'guides/projections.md#inline',
  },
  'inline-errors': {
    claim: 'An error inside an inline projection is never reported as a version conflict.',
    statedIn: 'guides/projections.md#inline',
  },
  'commit-is-checked': {
    claim:
      'An append whose inline projection caught a database error fails with that error; it is never acknowledged and rolled back.',
    statedIn: 'guides/projections.md#uniqueness-across-aggregates',
  },
  'rebuild-serves': {
    claim:
      'A rebuild of a projection builds new tables beside those that serve, and lets them serve in one transaction; queries see one or the other, never less than before.',
    statedIn: 'guides/projections.md#rebuilding-while-serving',
  },
  'rebuild-gate': {
    claim:
      'A rebuild with `switchIf` compares its tables with those that serve at one position of the log, and lets them serve only when the function returns true; when it throws, or its process is killed, they do not serve.',
    statedIn: 'guides/projections.md#deciding-by-what-would-change',
  },
  'rebuild-release': {
    claim:
      'A rebuild is built by processes of the release that asked for it, while processes of another one, whose handlers may be others, serve.',
    statedIn: 'guides/projections.md#rebuilding-while-serving',
  },
  verify: {
    claim:
      'A verification compares every row that serves with those of a replay, at one position of the log, and changes nothing that serves.',
    statedIn: 'guides/verifying.md#whether-rows-are-right',
  },
  repair: {
    claim:
      'A repair replaces the rows that are wrong by those of the replay, in one transaction at one position, while events arrive.',
    statedIn: 'guides/verifying.md#replacing-wrong-rows',
  },
  'as-of': {
    claim:
      'A copy of a projection as it was at a position has the rows that the events up to it make, and no later event changes it.',
    statedIn: 'guides/verifying.md#as-it-was',
  },
  reset: {
    claim:
      'A reset fences the runner that applies the projection, and rebuilds it from the beginning of the log.',
    statedIn: 'guides/projections.md#changing-a-projection',
  },
  'consistency-tokens': {
    claim:
      'A query with a token sees at least what the command did, or fails; it never returns a stale answer.',
    statedIn: 'concepts.md#reading-your-own-writes',
  },
  'strong-reads': {
    claim:
      'A strong query sees every event that was committed before it began, by whatever process, or fails.',
    statedIn: 'guides/reading.md#strong-reads',
  },
  'monotonic-reads': {
    claim:
      'A session that passes the newest token it was told never sees older rows, whichever process answers.',
    statedIn: 'guides/reading.md#a-session-that-never-goes-back',
  },
  'one-snapshot': {
    claim: 'Queries on several projections in one read see them at one moment of the database.',
    statedIn: 'guides/reading.md#several-projections-at-once',
  },
  'parked-reads': {
    claim:
      "A read with `ifParked: 'fail'` fails when a key of its projections is parked in the snapshot that it reads.",
    statedIn: 'guides/reading.md#parked-keys',
  },
  'bounded-queries': {
    claim:
      'A query that waits obeys its timeout and its signal, also for a connection or a lock, and holds no connection meanwhile.',
    statedIn: 'guides/reading.md#waiting',
  },
  health: {
    claim:
      'The health of an app is told in one round trip within its timeout, whatever the database does, and names what is stopped or behind.',
    statedIn: 'operating.md#health',
  },
  readiness: {
    claim:
      'An app is ready when every projection has caught up once, inline ones are inline, and its reactions are run; until then it is said what is missing.',
    statedIn: 'operating.md#health',
  },
  'status-view': {
    claim:
      'The status of a subscription says how old the first event is that it has not processed, and that it does not advance; SQL and the API agree.',
    statedIn: 'operating.md#monitoring',
  },
  'column-values': {
    claim: 'Values of every column type are read as they were written.',
    statedIn: 'guides/projections.md#table-projections',
  },
  'never-half-built': {
    claim:
      'A query on a version of a projection that has not caught up since it began or was reset waits or fails; it never returns incomplete rows.',
    statedIn: 'guides/projections.md#changing-a-projection',
  },
  'rolling-releases': {
    claim:
      'An event that is too new for a process, or a failure of one release, does not stop a projection for other releases.',
    statedIn: 'guides/deploying.md',
  },
} as const satisfies Readonly<Record<string, Claim>>;
