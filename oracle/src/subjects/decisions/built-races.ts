import type { AppendResult } from '@leftfold/core';
import { type CallerTransaction, createEventStore } from '@leftfold/event-store';
import type { Fault, FaultRun } from '../../faults/fault.ts';
import { Journal } from '../../journal.ts';
import { readBy } from './conditioned.ts';
import { type QueryForm, queryForms, tagForms } from './query-forms.ts';
import { RecordingStore } from './recording-store.ts';
import { school } from './school.ts';
import { acknowledge, noteFailure, noteUndone } from './told.ts';

/** What this writes, and no process. */
const NAME = 'races';
/** For how many milliseconds, at least and at most, the first transaction stays open while the second one waits. */
const HELD_MS = [20, 200] as const;
/** Longest time for which it stays open where the second one does not wait: in a control, on a slow machine. */
const UNLOCKED_MS = 5_000;

/**
 * Races whose order is given: an append under a condition whose transaction stays open, and meanwhile a second one, which
 * writes what the first one excludes and rests on the same read. It has to wait, and to be refused once the first one is
 * committed.
 */
export class BuiltRaces implements Disposable {
  readonly faults: readonly Fault[];
  readonly #connectionString: string;
  readonly #journal: Journal;
  readonly #isLocked: boolean;
  #races = 0;

  /** @param options.isLocked false in the control, in which the second append does not wait */
  constructor(connectionString: string, journal: string, { isLocked }: { readonly isLocked: boolean }) {
    this.#connectionString = connectionString;
    this.#isLocked = isLocked;
    this.#journal = new Journal(journal);
    this.faults = Object.keys(queryForms).map((form) => ({
      counted: `races by ${form}`,
      // Without tags, a condition whose transaction is open holds up the appends of others.
      everyMs: tagForms.some((of) => of === form) ? [300, 1_500] : [1_500, 5_000],
      inject: (during: FaultRun) => this.#race(form as QueryForm, during),
    }));
  }

  [Symbol.dispose](): void {
    this.#journal[Symbol.dispose]();
  }

  async #race(form: QueryForm, { random, pause }: FaultRun): Promise<boolean> {
    const race = `${NAME}.1.${(this.#races += 1)}`;
    const undo = random.chance(0.2);
    const connectionString = this.#connectionString;
    await using store = createEventStore({ connectionString, events: school.events, listen: false });
    const recording = new RecordingStore(store, this.#journal);
    const { event, ...rest } = await readBy(recording, form, [`one:${race}`, `two:${race}`]);
    const append = (name: string, transaction?: CallerTransaction) =>
      recording.append(`audit-${name}`, [event], { ...rest, commandId: name, transaction });
    const first = `${race}.first`;
    let second: Promise<void> | undefined;
    try {
      const { events } = await store.db.transaction().execute(async (transaction) => {
        const appended = await append(first, transaction);
        second = this.#told(`${race}.second`, append(`${race}.second`));
        await Promise.race([second, pause(this.#isLocked ? random.between(...HELD_MS) : UNLOCKED_MS)]);
        if (undo) throw new Undone();
        return appended;
      });
      acknowledge(this.#journal, first, events);
    } catch (error) {
      if (error instanceof Undone) noteUndone(this.#journal, first);
      else noteFailure(this.#journal, first, error);
    }
    await second;
    return second !== undefined;
  }

  async #told(name: string, appended: Promise<AppendResult>): Promise<void> {
    try {
      acknowledge(this.#journal, name, (await appended).events);
    } catch (error) {
      noteFailure(this.#journal, name, error);
    }
  }
}

/** Rolls a transaction back. */
class Undone extends Error {}
