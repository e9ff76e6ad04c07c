import type { AppendRequest, PreparedEvent } from '@leftfold/core/append';
import { IDLE_LIMIT_MS, numberArray, type Statement, textArray } from '@leftfold/postgres';
import { encodeBatch, encodeOne } from './column-encoding.ts';
import { argumentOf, type EventColumn, eventColumns } from './event-columns.ts';
import { expectedCodeOf } from './expected-version.ts';
import { lockedWords } from './queried-words.ts';

export interface BatchOptions {
  /** Look for event ids that are in the log already, instead of raising a unique violation for them. */
  readonly checkEventIds: boolean;
  /** Run in a subtransaction that survives a race lost to another writer, for a transaction that must go on. */
  readonly inTransaction?: boolean | undefined;
  /** The lineage that the log must have. @default any */
  readonly lineage?: string | undefined;
  /** Identities of the inline projections that the transaction applies. @default none */
  readonly appliedInline?: readonly string[] | undefined;
  /** Fail when another transaction holds a stream or a tag for longer. 0 waits without a limit. @default 0 */
  readonly lockTimeoutMs?: number | undefined;
}

/** Name and text of a statement. */
type StatementText = Omit<Statement, 'values'>;

const STREAM_ARGUMENTS = ['stream_request', 'stream_id', 'stream_expected_version', 'stream_event_count'];
const REQUEST_ARGUMENTS = ['request_command_id', 'check_event_ids'];
const QUERY_ARGUMENTS = ['query_request', 'query_tags', 'query_types', 'query_category', 'query_after'];
const LOCK_ARGUMENTS = [
  'stream_id',
  'stream_event_count',
  'written_tags',
  'written_types',
  'queried_tags',
  'queried_types',
  'lock_all',
  'lock_timeout_ms',
];

/** The statements that append, with the arguments that the event columns ask for. */
export class AppendStatements {
  readonly schema: string;
  readonly #columns: readonly EventColumn[];
  readonly #one: StatementText;
  /** By whether the call is in the caller's transaction, and whether it has conditions: made once, used often. */
  readonly #batches: readonly (readonly [plain: StatementText, underConditions: StatementText])[];

  constructor(schema: string, columns: readonly EventColumn[] = eventColumns) {
    this.schema = schema;
    this.#columns = columns;
    const columnArguments = columns.map(({ name }) => argumentOf(name));
    this.#one = {
      name: `leftfold append one ${schema}`,
      text: `select stream_version, event_position, extract(epoch from recorded_at)::pg_catalog.text as recorded_at
               from "${schema}"._append_one(${named(['stream_id', 'expected_version', ...columnArguments, 'lineage', 'lock_timeout_ms'])})`,
    };
    const all = [...STREAM_ARGUMENTS, ...REQUEST_ARGUMENTS, ...columnArguments];
    this.#batches = ['_append_batch', '_append_batch_in_transaction'].map((call) => {
      const last = [
        'lineage',
        'applied_inline',
        call === '_append_batch' ? 'lock_timeout_ms' : 'idle_limit_ms',
      ];
      return [
        batchText(schema, call, '', [...all, ...last]),
        batchText(schema, call, ' under conditions', [...all, ...QUERY_ARGUMENTS, ...last]),
      ];
    });
  }

  /**
   * One event to one stream; undefined when the request is more than that.
   *
   * @param lockTimeoutMs as in {@link BatchOptions}
   *
   * SQL: one call of `_append_one`; holds the shared append lock, the shared writer lock, and shared locks on the event's tags and type,
   * until commit.
   * Needs read committed.
   */
  one(request: AppendRequest, lineage?: string, lockTimeoutMs = 0): Statement | undefined {
    const [stream] = request.streams;
    const event = stream?.events[0];
    if (stream === undefined || event === undefined) return undefined;
    if (request.streams.length > 1 || stream.events.length > 1 || request.condition !== undefined)
      return undefined;
    const values: unknown[] = [stream.streamId, expectedCodeOf(stream.expectedVersion)];
    for (const column of this.#columns) values.push(encodeOne(column, event));
    values.push(lineage ?? null, lockTimeoutMs);
    return { ...this.#one, values };
  }

  /**
   * Takes the locks of one request, and appends nothing.
   *
   * SQL: one call of `_lock_append`, which waits as long as the transaction's `lock_timeout`.
   *
   * @param lockTimeoutMs for the transaction's later statements
   */
  lock({ streams, tags, types, condition }: AppendRequest, lockTimeoutMs: number): Statement {
    const queried = lockedWords(condition);
    return {
      name: `leftfold lock append ${this.schema}`,
      text: `select "${this.schema}"._lock_append(${named(LOCK_ARGUMENTS)})`,
      values: [
        textArray(streams.map(({ streamId }) => streamId)),
        numberArray(streams.map(({ events }) => events.length)),
        textArray([...tags]),
        textArray([...types]),
        textArray(queried?.tags ?? []),
        textArray(queried?.types ?? []),
        queried === undefined,
        lockTimeoutMs,
      ],
    };
  }

  /**
   * Any number of requests, no two of which name the same stream, and none of which has events that the condition of
   * another one matches.
   *
   * SQL: one call of `_append_batch`; holds the shared append lock and the shared writer lock until commit, the shared
   * inline lock when inline projections are applied, and locks on tags, types and the streams of
   * requests that only check a stream. Needs read committed.
   */
  batch(requests: readonly AppendRequest[], options: BatchOptions): Statement {
    const {
      checkEventIds,
      inTransaction = false,
      lineage = null,
      appliedInline = [],
      lockTimeoutMs = 0,
    } = options;
    const { values, events } = streamValues(requests);
    values.push(textArray(requests.map(({ commandId }) => commandId ?? null)), checkEventIds);
    for (const column of this.#columns) values.push(encodeBatch(column, events));
    const queries = queryValues(requests);
    if (queries !== undefined) values.push(...queries);
    values.push(lineage, textArray(appliedInline), inTransaction ? IDLE_LIMIT_MS : lockTimeoutMs);
    const text = this.#batches[inTransaction ? 1 : 0]![queries === undefined ? 0 : 1];
    return { ...text, values };
  }
}

function batchText(schema: string, call: string, suffix: string, names: readonly string[]): StatementText {
  return {
    name: `leftfold ${call}${suffix} ${schema}`,
    text: `select request_status::pg_catalog.text, request_stream::pg_catalog.text, request_event_id,
                  request_match::pg_catalog.text, stream_version::pg_catalog.text, event_position::pg_catalog.text,
                  extract(epoch from recorded_at)::pg_catalog.text as recorded_at
             from "${schema}".${call}(${named(names)})`,
  };
}

function named(names: readonly string[]): string {
  return names.map((name, index) => `${name} => $${index + 1}`).join(', ');
}

/** What {@link STREAM_ARGUMENTS} name, and the events of all requests in their order. */
function streamValues(requests: readonly AppendRequest[]): { values: unknown[]; events: PreparedEvent[] } {
  const streamRequest: number[] = [];
  const streamId: string[] = [];
  const streamExpectedVersion: number[] = [];
  const streamEventCount: number[] = [];
  const events: PreparedEvent[] = [];
  requests.forEach(({ streams }, requestIndex) => {
    for (const stream of streams) {
      streamRequest.push(requestIndex + 1);
      streamId.push(stream.streamId);
      streamExpectedVersion.push(expectedCodeOf(stream.expectedVersion));
      streamEventCount.push(stream.events.length);
      for (const event of stream.events) events.push(event);
    }
  });
  const values = [
    numberArray(streamRequest),
    textArray(streamId),
    numberArray(streamExpectedVersion),
    numberArray(streamEventCount),
  ];
  return { values, events };
}

/** What {@link QUERY_ARGUMENTS} name: one element for each query of each condition; undefined when there is none. */
function queryValues(requests: readonly AppendRequest[]): readonly string[] | undefined {
  const queryRequest: number[] = [];
  const tags: string[] = [];
  const types: (string | null)[] = [];
  const categories: (string | null)[] = [];
  const queryAfter: number[] = [];
  requests.forEach(({ condition }, requestIndex) => {
    for (const query of condition?.queries ?? []) {
      queryRequest.push(requestIndex + 1);
      tags.push(textArray(query.tags ?? []));
      types.push(query.types === undefined ? null : textArray(query.types));
      categories.push(query.category ?? null);
      queryAfter.push(query.after ?? condition?.after ?? 0);
    }
  });
  if (queryRequest.length === 0) return undefined;
  return [
    numberArray(queryRequest),
    textArray(tags),
    textArray(types),
    textArray(categories),
    numberArray(queryAfter),
  ];
}
