import {
  assertId,
  type ReadStreamOptions,
  type RecordedEvent,
  type StoredPlace,
  type StreamEvents,
} from '@leftfold/core';
import { assertReadStreamOptions } from '@leftfold/core/append';
import type { Statement } from '@leftfold/postgres';
import { readStreamStatement } from '../sql/events.ts';
import { isFullPage, PAGE_EVENTS, type PageRow } from '../sql/page.ts';
import { flattenPages } from './flatten-pages.ts';
import type { LogPage, ReadProgress } from './log-page.ts';

/** The reader's part in reading a stream. */
export interface StreamReader {
  readonly schema: string;
  /** @throws ClosedError when nothing may be read any more */
  readonly read: (statement: Statement) => Promise<readonly PageRow[]>;
  readonly toPage: (rows: readonly PageRow[]) => LogPage;
}

/** Reads one stream, page by page. */
export class StreamRead implements StreamEvents {
  readonly #reader: StreamReader;
  readonly #streamId: string;
  readonly #options: ReadStreamOptions;
  readonly #progress: ReadProgress;
  readonly #events: AsyncIterable<RecordedEvent>;

  constructor(reader: StreamReader, streamId: string, options: ReadStreamOptions) {
    this.#reader = reader;
    this.#streamId = streamId;
    this.#options = options;
    this.#progress = { left: Number.POSITIVE_INFINITY, last: undefined };
    this.#events = flattenPages(this.#pages());
  }

  get last(): StoredPlace | undefined {
    return this.#progress.last;
  }

  [Symbol.asyncIterator](): AsyncIterator<RecordedEvent> {
    return this.#events[Symbol.asyncIterator]();
  }

  async *#pages(): AsyncGenerator<Iterable<RecordedEvent>, void> {
    assertId('stream id', this.#streamId);
    assertReadStreamOptions(this.#options);
    const { backwards = false, limit: most, untilPosition, untilTime, signal } = this.#options;
    this.#progress.left = most ?? Number.POSITIVE_INFINITY;
    const { schema, read, toPage } = this.#reader;
    let from = this.#options.from ?? 1;
    let to = this.#options.to ?? Number.MAX_SAFE_INTEGER;
    while (from <= to && this.#progress.left > 0 && signal?.aborted !== true) {
      const limit = Math.min(PAGE_EVENTS, this.#progress.left);
      const range = { from, to, backwards, limit, untilPosition, untilTime };
      const rows = await read(readStreamStatement(schema, this.#streamId, range));
      yield toPage(rows).within(this.#progress);
      const last = rows.at(-1);
      if (last === undefined || !isFullPage(rows, limit)) return;
      if (backwards) to = Number(last.stream_version) - 1;
      else from = Number(last.stream_version) + 1;
    }
  }
}
