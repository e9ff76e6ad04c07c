import { ProcessDeadlineFailedError, retryDelayMs } from '@leftfold/core';
import { thrownText } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { onAbort, within } from '@leftfold/postgres';
import { type LeaseTerm, type OnIncident, storableMessage, withinCall } from '@leftfold/subscriptions';
import type { ProcessVersions } from '../instance/process-versions.ts';
import { type DueDeadline, type SettledDeadline, settleDeadlines } from '../sql/deadlines.ts';
import type { ExecuteProcessCommand } from './execute-command.ts';
import { recordInput } from './record-input.ts';
import { WakeUp } from './wake-up.ts';

export interface DeadlineFiresOptions {
  readonly store: PostgresEventStore;
  readonly versions: ProcessVersions;
  readonly executeOnInstance: ExecuteProcessCommand;
  readonly onIncident: OnIncident;
}

/** The deadlines of a slice that are being fired: of each instance one at most. */
export class DeadlineFires {
  readonly #options: DeadlineFiresOptions;
  readonly #term: LeaseTerm;
  readonly #stopped = new AbortController();
  readonly #removeAbort: () => void;
  /** By instance, until what became of its deadline is written. */
  readonly #firing = new Map<string, Promise<void>>();
  readonly #settled: SettledDeadline[] = [];
  readonly #ended = new WakeUp();

  /** @param signal ends them */
  constructor(options: DeadlineFiresOptions, term: LeaseTerm, signal: AbortSignal) {
    this.#options = options;
    this.#term = term;
    this.#removeAbort = onAbort(signal, () => this.#stopped.abort(signal.reason));
  }

  get size(): number {
    return this.#firing.size;
  }

  has(id: string): boolean {
    return this.#firing.has(id);
  }

  /** Aborts when the next one has ended: taken before {@link settle}, so that none is missed. */
  get nextEnd(): AbortSignal {
    return this.#ended.next;
  }

  /** @returns resolves when it has ended; does not reject */
  begin(deadline: DueDeadline): Promise<void> {
    const ended = this.#fire(deadline).then((settled) => {
      if (settled !== undefined) this.#settled.push(settled);
      this.#ended.wake();
    });
    this.#firing.set(deadline.id, ended);
    return ended;
  }

  /** Writes what became of those that have ended. @throws what the statement throws */
  async settle(): Promise<void> {
    const { store, versions } = this.#options;
    const settled = this.#settled.splice(0);
    if (settled.length === 0) return;
    await store.loops.background.during(() => settleDeadlines(store, versions.name, settled));
    for (const { id } of settled) this.#firing.delete(id);
  }

  /** Ends those that are being fired: another owner of the slice fires them. */
  async stop(): Promise<void> {
    this.#removeAbort();
    this.#stopped.abort();
    await Promise.all(this.#firing.values());
  }

  /** @returns undefined when it was ended with the term */
  async #fire({
    id,
    deadline,
    number,
    metadata,
    attempts: before,
  }: DueDeadline): Promise<SettledDeadline | undefined> {
    const { versions, executeOnInstance } = this.#options;
    const { timeoutMs, retry } = versions.newest;
    const stopped = this.#stopped.signal;
    const of = ['deadline', deadline, number] as const;
    const input = { type: 'deadline', id: of.join(' '), name: deadline, number };
    const given = { process: versions.name, id, input, of };
    const one = { id, deadline, number };
    try {
      // One that goes on after its signal has aborted is not waited for: its command has an id, and is executed once.
      const isTaken = await withinCall({ timeoutMs, stopped }, (signal) =>
        within(recordInput(executeOnInstance, given, { metadata, signal }), { late: () => false, signal }),
      );
      return { ...one, outcome: isTaken ? 'fired' : 'over' };
    } catch (error) {
      if (stopped.aborted) return undefined;
      const attempts = before + 1;
      this.#tell(error);
      if (attempts === retry.attempts) {
        const failed = { deadline, attempts };
        this.#tell(new ProcessDeadlineFailedError({ process: versions.name, id }, failed, { cause: error }));
      }
      const failure = storableMessage(thrownText(error));
      return { ...one, outcome: 'failed', failure, retryMs: retryDelayMs(retry, attempts) };
    }
  }

  #tell(error: unknown): void {
    const { name, version, slice } = this.#term;
    this.#options.onIncident({ subscription: { name, version, slice }, error, stopped: false });
  }
}
