import {
  type AppendToStreamsResult,
  type AppendContext,
  asStored,
  type EventCatalog,
  type RecordedEvent,
  type StreamToAppend,
} from '@leftfold/core';
import { type AppendLimits, type AppendRequest, prepareRequest } from '@leftfold/core/append';
import {
  asKysely,
  type CallerTransaction,
  runnerInTransaction,
  type StatementRunner,
  toLeftfoldError,
} from '@leftfold/postgres';
import type { Kysely } from 'kysely';
import type { LogReader } from '../read/log-reader.ts';
import { AppendStatements } from '../sql/append.ts';
import type { AppendOutcome } from '../sql/append-outcome.ts';
import { toAppendResult } from './append-result.ts';
import { GroupCommit, OverflowSlots } from './group-commit.ts';
import { appendWithHook, type InlineHook } from './inline-append.ts';
import { appendBatch, sendBatch } from './send-batch.ts';

export interface AppenderOptions {
  readonly run: StatementRunner;
  readonly db: Kysely<unknown>;
  readonly schema: string;
  readonly catalog: EventCatalog;
  readonly reader: LogReader;
  readonly limits: AppendLimits;
  readonly concurrency: number;
  /** Appends that may wait for somebody else's transaction, beyond `concurrency`. */
  readonly maxSlow: number;
  readonly inline: InlineHook | undefined;
  readonly onCommitted: () => void;
}

/** Requests of one batch. More gain little, and make each of them wait for more. */
const MAX_REQUESTS = 500;
const MAX_EVENTS = 2_000;
const MAX_SIZE = 4 * 1024 * 1024;

/** The three ways into the log: with others in one commit, with an inline hook, or in the caller's transaction. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #statements: AppendStatements;
  readonly #together: GroupCommit;
  readonly #withHook: GroupCommit;

  constructor(options: AppenderOptions) {
    const inline = options.inline === undefined ? undefined : givenAsStored(options.inline);
    this.#options = { ...options, inline };
    const { run, db, schema, concurrency, maxSlow } = options;
    const statements = new AppendStatements(schema);
    this.#statements = statements;
    const overflow = new OverflowSlots(maxSlow);
    const limits = { concurrency, overflow, maxEvents: MAX_EVENTS, maxSize: MAX_SIZE };
    this.#together = new GroupCommit({
      ...limits,
      maxRequests: MAX_REQUESTS,
      send: (requests) => sendBatch(run, statements, requests),
    });
    // A hook that throws must fail its own append alone: each has a transaction to itself.
    this.#withHook = new GroupCommit({
      ...limits,
      maxRequests: 1,
      send: async (requests) =>
        Promise.all(requests.map((request) => appendWithHook(db, statements, request, inline))),
    });
  }

  async append(
    appends: readonly StreamToAppend[],
    context: AppendContext,
    transaction: CallerTransaction | undefined,
  ): Promise<AppendToStreamsResult> {
    const { catalog, limits } = this.#options;
    const request = prepareRequest({ catalog, limits, now: Date.now() }, appends, context);
    if (transaction !== undefined) return this.#appendIn(transaction, request);
    const queue = this.#hooked(request) ? this.#withHook : this.#together;
    const outcome = await queue.submit(request);
    if (outcome.kind === 'duplicate') return this.#toDuplicate(request);
    if (outcome.kind === 'appended' && request.eventCount > 0) this.#options.onCommitted();
    return toAppendResult(request, outcome, []);
  }

  async drained(): Promise<void> {
    await this.#together.drained();
    await this.#withHook.drained();
  }

  #hooked({ streams }: AppendRequest): boolean {
    const types = this.#options.inline?.eventTypes;
    if (types === undefined) return false;
    return streams.some(({ events }) => events.some(({ type }) => types.has(type)));
  }

  async #appendIn(transaction: CallerTransaction, request: AppendRequest): Promise<AppendToStreamsResult> {
    const { schema } = this.#options;
    const run = runnerInTransaction(transaction);
    let outcome: AppendOutcome | undefined;
    try {
      [outcome] = await appendBatch(run, this.#statements, [request], {
        checkEventIds: true,
        inTransaction: true,
      });
    } catch (error) {
      throw toLeftfoldError(error, schema);
    }
    const result =
      outcome?.kind === 'duplicate'
        ? await this.#toDuplicate(request, run)
        : toAppendResult(request, outcome!, []);
    const { inline } = this.#options;
    if (inline !== undefined && !result.duplicate && this.#hooked(request)) {
      await inline.apply(
        asKysely(transaction),
        result.streams.flatMap(({ events }) => events),
      );
    }
    return result;
  }

  /** @param run where a repeated append's events are seen: in the caller's transaction, if they are its own. */
  async #toDuplicate(request: AppendRequest, run?: StatementRunner): Promise<AppendToStreamsResult> {
    return toAppendResult(request, { kind: 'duplicate' }, await this.#recorded(request, run));
  }

  async #recorded(
    { commandId, streams }: AppendRequest,
    run?: StatementRunner,
  ): Promise<readonly RecordedEvent[]> {
    const { reader } = this.#options;
    const ids = streams.flatMap(({ events }) => events.map(({ id }) => id));
    if (commandId === undefined) return reader.byIds(ids, run);
    const named = await reader.ofCommand(commandId, run);
    const known = new Set(named.map(({ id }) => id));
    const others = ids.filter((id) => !known.has(id));
    if (others.length === 0) return named;
    // A command's events may have ids of their own; those that it would add now are not in the log.
    const own = (await reader.byIds(others, run)).filter(({ metadata }) => metadata.commandId === commandId);
    return [...named, ...own].toSorted((a, b) => a.position - b.position);
  }
}

/** The same hook, given events as a reader of the log would get them: it must not write something else than a rebuild. */
function givenAsStored(hook: InlineHook): InlineHook {
  return {
    eventTypes: hook.eventTypes,
    apply: (transaction, events) =>
      hook.apply(
        transaction,
        events.map((event) => ({
          ...event,
          data: asStored(event.data),
          metadata: asStored(event.metadata),
        })),
      ),
  };
}
