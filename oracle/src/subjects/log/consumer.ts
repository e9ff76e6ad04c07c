import type { EventQuery } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { Journal, readJournal } from '../../journal.ts';

/** An event that was handled. */
export interface Handled {
  readonly position: number;
  readonly id: string;
}

/** What a journal says of the events that count: those after the place of a rewind were given up. */
export function seenIn(lines: readonly (readonly string[])[]): Handled[] {
  const seen: Handled[] = [];
  for (const [kind, position, id = ''] of lines) {
    if (kind === 'event') seen.push({ position: Number(position), id });
    if (kind === 'back') seen.length = Number(position);
  }
  return seen;
}

/**
 * A consumer that records what it has handled and how far it is in one place, as a read model does. When the log went
 * back, it gives up what the log does not have any more, as the documentation says.
 */
export class Consumer implements Disposable {
  readonly #journal: Journal;
  readonly #seen: Handled[];
  /** Resume after this position. */
  token: number;
  /** The store's era for which the token is right; undefined before it was compared with the log. */
  era: number | undefined;

  constructor(path: string) {
    this.#journal = new Journal(path);
    const lines = readJournal(path);
    this.#seen = seenIn(lines);
    this.token = Number(lines.findLast(([kind]) => kind === 'event' || kind === 'token')?.[1] ?? 0);
  }

  handle({ position, id }: Handled): void {
    this.#journal.write('event', position, id);
    this.#seen.push({ position, id });
    this.token = position;
  }

  /** This consumer has handled all of its events up to `position`. */
  advance(position: number): void {
    if (position <= this.token) return;
    this.#journal.write('token', position);
    this.token = position;
  }

  /**
   * Continues after the last event up to which it has handled what the log has. It compares all of them: the log may
   * have been replaced between two pages, so that events of the new one follow lost ones.
   */
  async compare(store: PostgresEventStore, filter: EventQuery): Promise<void> {
    if (this.era === store.era) return;
    await store.highWaterMark();
    const { era } = store;
    if (this.era !== undefined) this.#journal.write('rewound', this.token);
    let kept = 0;
    for await (const { position, id } of store.readAll({ filter })) {
      const seen = this.#seen[kept];
      if (seen?.position !== position || seen.id !== id) break;
      kept += 1;
    }
    if (kept < this.#seen.length) this.#journal.write('back', kept);
    this.#seen.length = kept;
    this.token = this.#seen.at(-1)?.position ?? 0;
    this.era = era;
  }

  fail(error: unknown): void {
    this.#journal.write('bad', this.token, String(error).replaceAll('\n', ' '));
  }

  [Symbol.dispose](): void {
    this.#journal[Symbol.dispose]();
  }
}
