import { type Backoff, ProjectionNotInlineError, retryDelayMs, StoreUnavailableError } from '@leftfold/core';
import type { AppendRequest } from '@leftfold/core/append';
import {
  findAdvisoryLockHolders,
  isLockTimeout,
  pause,
  type StatementRunner,
  toLeftfoldError,
} from '@leftfold/postgres';
import type { AppendOutcome } from '../sql/append-outcome.ts';
import { type DemotedRow, demoteStatement } from '../sql/inline.ts';

const NOT_APPLIED =
  'this process appended events without applying it, as an old release does while a new one is deployed; no event is missing: a runner applies them, and makes it inline again once no such process appends, so this passes with the deployment; without one, give all processes that append the same inline projections';

/** Between attempts, each of which makes appends that apply inline projections wait for 250 ms. */
const betweenAttempts: Backoff = { firstDelayMs: 25, maxDelayMs: 1_000 };
/** Each failed attempt has waited for a transaction that stays open: about ten seconds in all. */
const ATTEMPTS = 15;

/**
 * Ends the inline mode of projections that appends of this process do not apply, in a transaction of its own, so that
 * no append of them is missing: a runner continues after the last event that is applied. Each is a warning of the process.
 */
export class InlineDemotion {
  readonly #run: StatementRunner;
  readonly #schema: string;
  readonly #onDemoted: () => void;
  readonly #attempts: number;
  /** In flight, by event types and what is applied. */
  readonly #demoting = new Map<string, Promise<void>>();

  /** @param onDemoted is called after each demotion: a process has to apply the events from now on */
  constructor(run: StatementRunner, schema: string, onDemoted: () => void, attempts = ATTEMPTS) {
    this.#run = run;
    this.#schema = schema;
    this.#onDemoted = onDemoted;
    this.#attempts = attempts;
  }

  /**
   * Appends, and again after a demotion when an inline projection would miss the events.
   *
   * @throws StoreUnavailableError when other transactions prevent the demotion: it names their sessions; nothing was
   * appended
   */
  async untilApplied(
    request: AppendRequest,
    appliedInline: readonly string[],
    append: () => Promise<AppendOutcome>,
  ): Promise<AppendOutcome> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await append();
      if (outcome.kind !== 'not-applied') return outcome;
      try {
        await this.#demote(request, appliedInline);
      } catch (error) {
        if (!isLockTimeout(error)) throw toLeftfoldError(error, this.#schema);
        if (attempt >= this.#attempts) throw await this.#prevented(error);
        await pause(retryDelayMs(betweenAttempts, attempt));
      }
    }
  }

  /** All appends of one batch come here: those with the same event types share a demotion. */
  async #demote({ streams }: AppendRequest, appliedInline: readonly string[]): Promise<void> {
    const types = [...new Set(streams.flatMap(({ events }) => events.map(({ type }) => type)))];
    const mapKey = JSON.stringify([types, appliedInline]);
    let demoting = this.#demoting.get(mapKey);
    if (demoting === undefined) {
      demoting = this.#demoteTypes(types, appliedInline).finally(() => this.#demoting.delete(mapKey));
      this.#demoting.set(mapKey, demoting);
    }
    await demoting;
  }

  async #demoteTypes(types: readonly string[], appliedInline: readonly string[]): Promise<void> {
    const [row] = await this.#run<DemotedRow>(demoteStatement(this.#schema, types, appliedInline));
    if (typeof row?.demoted !== 'string') return;
    this.#onDemoted();
    process.emitWarning(new ProjectionNotInlineError(row.demoted, NOT_APPLIED));
  }

  async #prevented(cause: unknown): Promise<StoreUnavailableError> {
    const lock = `"${this.#schema}" inline projections`;
    const holders = await findAdvisoryLockHolders(this.#run, lock).catch(() => []);
    const by = holders.length === 0 ? 'which have ended since' : `such as ${holders.join(', ')}`;
    return new StoreUnavailableError(
      `this process does not apply an inline projection that reads the events, and open transactions of other appends prevent that it is applied asynchronously, ${by}; nothing was appended, end them, or try again`,
      { cause },
    );
  }
}
