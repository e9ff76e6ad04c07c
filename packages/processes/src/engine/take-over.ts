import { aggregateIdOf, type RecordedEvent } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { LeaseTerm } from '@leftfold/subscriptions';
import type { ExecuteProcessCommand } from './execute-command.ts';
import { inheritedMetadata } from './inherited-metadata.ts';

interface Takeover {
  /** A former owner may have begun events up to this position, and none after it. */
  readonly until: number;
  /** The instances that say so. */
  readonly continued: Set<string>;
}

/**
 * Keeps a former owner, which was paused in the middle of an event, from recording what became of a command that this one
 * executes again: it was rejected there, and may be accepted here. An event in the stream of the instance makes the record
 * of the former owner a version conflict, and its lease tells it then.
 */
export class Takeovers {
  readonly #store: PostgresEventStore;
  readonly #execute: ExecuteProcessCommand;
  readonly #byTerm = new WeakMap<LeaseTerm, Takeover>();

  constructor(store: PostgresEventStore, execute: ExecuteProcessCommand) {
    this.#store = store;
    this.#execute = execute;
  }

  /**
   * Called with the first batch of a term, before anything is begun: what this owner appends is behind it.
   *
   * @throws what a statement throws
   */
  async begin(term: LeaseTerm): Promise<void> {
    if (this.#byTerm.has(term)) return;
    const until = await this.#store.highWaterMark();
    this.#byTerm.set(term, { until, continued: new Set() });
  }

  /**
   * Appends to the instance of an event that a former owner may have begun.
   *
   * @returns whether it did: answers have to be looked for again
   * @throws what a statement or `execute` throws
   */
  async takeOver(term: LeaseTerm, event: RecordedEvent, signal: AbortSignal): Promise<boolean> {
    const { until, continued } = this.#byTerm.get(term)!;
    const { streamId, position } = event;
    if (position > until || continued.has(streamId)) return false;
    const [aggregate = ''] = event.type.split('.');
    const command = { aggregate, id: aggregateIdOf(streamId), name: 'continue', input: {} };
    await this.#execute(command, { causedBy: event, metadata: inheritedMetadata(event), signal });
    continued.add(streamId);
    return true;
  }
}
