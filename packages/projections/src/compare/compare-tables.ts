import { type AnyProjection, type AnyRow, StoreUnavailableError } from '@leftfold/core';
import { columnsOf, decodeColumn, type TableColumn, type TableLayout } from '@leftfold/core/column';
import type { StatementRunner } from '@leftfold/postgres';
import {
  type BucketRow,
  type ComparedTable,
  type DifferingRow,
  differingRows,
  hashRows,
  tableFiles,
} from '../sql/compare-rows.ts';
import { pageSpans } from './page-spans.ts';
import { DifferenceCount, type ProjectionDifference, type RowDifference } from './projection-difference.ts';

const MIN_BUCKETS = 64;
const MAX_BUCKETS = 16_384;
/** Rows of a usual table on a page, divided by the rows that a bucket should have. */
const BUCKETS_PER_PAGE = 0.25;

export interface CompareOptions {
  /** Most rows that are named. @default 100 */
  readonly limit?: number | undefined;
  /** Ends the comparison with the signal's reason, between two statements. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each row that differs, however many there are: its table, and the columns of its key as text. */
  readonly onRow?: ((table: string, key: readonly string[]) => void) | undefined;
  /** Called between statements, with the pages of the tables that are done, and all of them. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** The schemas that have the tables: those that are looked at, and those that are right. */
export interface ComparedSchemas {
  readonly found: string;
  readonly expected: string;
}

/**
 * Compares all tables of a projection in two schemas, key by key.
 *
 * First the rows are hashed, in buckets by their keys. Only rows of buckets that differ are compared one by one. Memory is
 * bounded for tables of any size, and no statement takes long.
 *
 * @param run in a transaction that reads one snapshot, see `beginComparison`
 * @throws StoreUnavailableError when a table was replaced meanwhile; the signal's reason
 */
export async function compareTables(
  run: StatementRunner,
  projection: AnyProjection,
  schemas: ComparedSchemas,
  { limit = 100, signal, onRow, onProgress }: CompareOptions = {},
): Promise<ProjectionDifference> {
  const pairs = projection.tables.map((definition) => ({
    layout: columnsOf(projection.name, definition),
    found: { schema: schemas.found, table: definition.name },
    expected: { schema: schemas.expected, table: definition.name },
  }));
  const tables = pairs.flatMap(({ found, expected }) => [found, expected]);
  const before = await filesOf(run, tables);
  const total = before.reduce((sum, { pages }) => sum + pages, 0);
  const count = new DifferenceCount(limit);
  let hashed = 0;
  for (const [index, pair] of pairs.entries()) {
    const pages = [before[2 * index]!.pages, before[2 * index + 1]!.pages] as const;
    const comparison = new TableComparison(run, { ...pair, pages }, { count, onRow });
    const differing = await comparison.differingBuckets((done) => {
      hashed += done;
      signal?.throwIfAborted();
      onProgress?.(hashed, total);
    });
    if (differing.length > 0) await comparison.compareRows(differing, () => signal?.throwIfAborted());
  }
  const after = await filesOf(run, tables);
  if (before.some(({ id }, index) => id !== after[index]?.id)) {
    throw new StoreUnavailableError(
      `the tables of projection "${projection.name}" were replaced while they were compared; compare them again`,
    );
  }
  return count.result();
}

interface TableFile {
  readonly id: string | null;
  readonly pages: number;
}

function filesOf(run: StatementRunner, tables: readonly ComparedTable[]): Promise<readonly TableFile[]> {
  return run<TableFile>(tableFiles(tables));
}

interface TablePair {
  readonly found: ComparedTable;
  readonly expected: ComparedTable;
  readonly layout: TableLayout;
  /** Of `found` and of `expected`. */
  readonly pages: readonly [number, number];
}

/** Compares one table with another of the same columns. */
class TableComparison {
  readonly #run: StatementRunner;
  readonly #pair: TablePair;
  readonly #count: DifferenceCount;
  readonly #onRow: CompareOptions['onRow'];
  readonly #mask: number;

  constructor(
    run: StatementRunner,
    pair: TablePair,
    { count, onRow }: { readonly count: DifferenceCount; readonly onRow: CompareOptions['onRow'] },
  ) {
    this.#run = run;
    this.#pair = pair;
    this.#count = count;
    this.#onRow = onRow;
    const wanted = Math.max(...pair.pages) * BUCKETS_PER_PAGE;
    const buckets = 2 ** Math.ceil(Math.log2(Math.min(MAX_BUCKETS, Math.max(MIN_BUCKETS, wanted))));
    this.#mask = buckets - 1;
  }

  /** @param onPages called after each statement with the pages it has read */
  async differingBuckets(onPages: (pages: number) => void): Promise<readonly number[]> {
    const { found, expected, layout, pages } = this.#pair;
    const hashes = new BigInt64Array(this.#mask + 1);
    const surplus = new Float64Array(this.#mask + 1);
    for (const [index, table] of [found, expected].entries()) {
      for (const span of pageSpans(pages[index]!)) {
        const buckets = await this.#run<BucketRow>(hashRows(table, layout, span, this.#mask));
        for (const { bucket, rows, hash } of buckets) {
          hashes[bucket]! ^= BigInt(hash);
          surplus[bucket]! += table === found ? rows : -rows;
          if (table === expected) this.#count.rows += rows;
        }
        onPages(span.to - span.from);
      }
    }
    const all = Array.from(hashes.keys());
    return all.filter((bucket) => hashes[bucket] !== 0n || surplus[bucket] !== 0);
  }

  /** Every row that is expected is looked up among those that were found, and the reverse. */
  async compareRows(buckets: readonly number[], onStatement: () => void): Promise<void> {
    const { found, expected, layout, pages } = this.#pair;
    const common = { layout, mask: this.#mask, buckets };
    const count = this.#count;
    for (const absentOnly of [false, true]) {
      const [one, other] = absentOnly ? [found, expected] : [expected, found];
      for (const span of pageSpans(pages[absentOnly ? 0 : 1])) {
        const limit = this.#onRow === undefined ? Math.max(1, count.wanted) : undefined;
        const wanted = { ...common, one, other, absentOnly, limit };
        const rows = await this.#run<DifferingRow>(differingRows(wanted, span));
        const [first] = rows;
        if (first !== undefined) {
          count.add(absentOnly ? 'extra' : 'missing', first.absent_rows);
          count.add('different', first.all_rows - first.absent_rows);
          for (const { key_texts: key } of rows) this.#onRow?.(expected.table, key);
          const named = rows.slice(0, count.wanted);
          count.keys.push(...named.map((row) => this.#toDifference(row, absentOnly)));
        }
        onStatement();
      }
    }
  }

  #toDifference({ absent, columns, key }: DifferingRow, isExtra: boolean): RowDifference {
    const { layout, expected } = this.#pair;
    const kind = !absent ? 'different' : isExtra ? 'extra' : 'missing';
    return {
      table: expected.table,
      key: Object.fromEntries(layout.key.map((column) => [column.name, decoded(column, key[column.name])])),
      kind,
      columns: absent ? [] : columns.split(','),
    };
  }
}

/** A row that was inserted by hand can have a key that no event can make, such as a bigint beyond 2^53: it is named by its text. */
function decoded(column: TableColumn, text: string | undefined): AnyRow[string] {
  try {
    return decodeColumn(column, text ?? null);
  } catch {
    return text ?? null;
  }
}
