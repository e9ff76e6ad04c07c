import {
  InvalidEventError,
  type Progress,
  type SchemaIssue,
  type StoredPlace,
  UnknownEventError,
} from '@leftfold/core';

/** A stored event, and the error of reading it. */
export interface ReadOutcome extends StoredPlace {
  readonly streamId: string;
  readonly type: string;
  readonly schemaVersion: number;
  /** Undefined when it can be read. */
  readonly error: unknown;
  /** Whether what it is read as lacks a tag that its definition declares. */
  readonly untagged: boolean;
}

/** A stored event that this release cannot read. */
export interface HistoryFailure extends StoredPlace {
  readonly streamId: string;
  /** As it is stored. */
  readonly type: string;
  readonly schemaVersion: number;
  /** Why: paths and codes, never values. */
  readonly issues: readonly SchemaIssue[];
}

/** Events of one stored type and version. */
export interface HistoryCount {
  readonly type: string;
  readonly schemaVersion: number;
  readonly events: number;
  readonly failed: number;
  /** Whether this release has no definition of the type, or none of this version. */
  readonly unknown: boolean;
  /** Those that lack a tag which this release gives to such an event: folds for that tag do not read them. */
  readonly untagged: number;
}

/** How many events were checked, and what was found. */
interface HistoryTotals {
  readonly events: number;
  readonly failed: number;
  readonly unknown: number;
  readonly untagged: number;
}

/** How far a check has come, in positions up to the high-water mark at the start, and what it has found. */
export interface HistoryProgress extends Progress, HistoryTotals {}

/** What a check of the history found. */
export interface HistoryReport extends HistoryTotals {
  /** The events up to here are checked, or those of the sample. */
  readonly position: number;
  /** The high-water mark at the start. */
  readonly upTo: number;
  /** False when the check was aborted: `position` tells where. */
  readonly complete: boolean;
  /** By type, then by version. */
  readonly counts: readonly HistoryCount[];
  /** The first failures, in the order of the log. */
  readonly failures: readonly HistoryFailure[];
}

/** Counts the events of a check. Its memory is bounded by the number of types and versions, and of listed failures. */
export class HistoryCounts {
  readonly #maxFailures: number;
  readonly #counts = new Map<string, { -readonly [TName in keyof HistoryCount]: HistoryCount[TName] }>();
  readonly #failures: HistoryFailure[] = [];
  #events = 0;
  #failed = 0;
  #unknown = 0;
  #untagged = 0;

  constructor(maxFailures: number) {
    this.#maxFailures = maxFailures;
  }

  add({ error, untagged, ...stored }: ReadOutcome): void {
    const { type, schemaVersion } = stored;
    const key = `${type} ${schemaVersion}`;
    const none = { events: 0, failed: 0, unknown: false, untagged: 0 };
    const count = this.#counts.get(key) ?? { type, schemaVersion, ...none };
    this.#counts.set(key, count);
    count.events += 1;
    this.#events += 1;
    if (untagged) {
      count.untagged += 1;
      this.#untagged += 1;
    }
    if (error === undefined) return;
    if (error instanceof UnknownEventError) {
      count.unknown = true;
      this.#unknown += 1;
      return;
    }
    count.failed += 1;
    this.#failed += 1;
    if (this.#failures.length < this.#maxFailures)
      this.#failures.push({ ...stored, issues: issuesOf(error) });
  }

  get totals(): HistoryTotals {
    return {
      events: this.#events,
      failed: this.#failed,
      unknown: this.#unknown,
      untagged: this.#untagged,
    };
  }

  report(position: number, upTo: number): HistoryReport {
    const counts = [...this.#counts.values()].toSorted(
      (one, other) => one.type.localeCompare(other.type) || one.schemaVersion - other.schemaVersion,
    );
    const complete = position >= upTo;
    return { position, upTo, ...this.totals, complete, counts, failures: this.#failures };
  }
}

/** The message of an error that is none of the framework's may have values. */
function issuesOf(error: unknown): readonly SchemaIssue[] {
  if (error instanceof InvalidEventError) return error.issues;
  return [{ path: '', code: 'threw', message: 'a refinement or transform of the schema threw' }];
}
