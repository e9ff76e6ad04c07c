import type { AppendContext, ExpectedVersion, NewEvent, StreamToAppend } from '@leftfold/core';
import { delivered, scanned, sent, type Trial } from '../trial.ts';
import type { Chance } from './seeded.ts';

/** An append to one or more streams, as chance has it. */
export interface RandomAppend {
  readonly appends: readonly StreamToAppend[];
  readonly context: AppendContext;
}

/** Makes appends to few streams, so that they meet: expectations right and wrong, ids and commands new and known. */
export class RandomAppends {
  readonly #chance: Chance;
  readonly #trial: Trial;
  readonly #streamIds: readonly string[];
  /** Made before, to be made again. */
  readonly #made: RandomAppend[] = [];
  readonly #events: NewEvent[] = [];
  #count = 0;

  constructor(chance: Chance, trial: Trial, streams: number) {
    this.#chance = chance;
    this.#trial = trial;
    this.#streamIds = Array.from({ length: streams }, (_, index) => trial.stream(`${index}`));
  }

  get streamIds(): readonly string[] {
    return this.#streamIds;
  }

  /** @param versionOf what the stream's version is thought to be at this moment */
  next(versionOf: (streamId: string) => number): RandomAppend {
    const chance = this.#chance;
    if (this.#made.length > 0 && chance.oneIn(8)) return chance.pick(this.#made);
    const streams = new Set(
      Array.from({ length: chance.pick([1, 1, 1, 2, 3]) }, () => chance.pick(this.#streamIds)),
    );
    const commandId = chance.oneIn(4) ? this.#id('command') : undefined;
    const appends = [...streams].map((streamId): StreamToAppend => {
      const events = Array.from({ length: chance.pick([0, 1, 1, 1, 2, 3]) }, () =>
        this.#event(commandId !== undefined),
      );
      return { streamId, events, expectedVersion: this.#expected(versionOf(streamId)) };
    });
    const metadata = chance.oneIn(3) ? { actor: `actor ${chance.below(3)}` } : undefined;
    const made = { appends, context: { metadata, commandId } };
    this.#made.push(made);
    return made;
  }

  #event(ofCommand: boolean): NewEvent {
    const chance = this.#chance;
    // An id that is taken, with the same data or with other data.
    if (!ofCommand && this.#events.length > 0 && chance.oneIn(12)) {
      const known = chance.pick(this.#events);
      return chance.oneIn(2) ? known : { ...known, ...scanned('elsewhere'), id: known.id };
    }
    const event = chance.pick([sent, delivered, scanned(`place ${chance.below(5)}`)]);
    const tags = chance.oneIn(3) ? [`tag:${chance.below(3)}`, `other:${chance.below(2)}`] : undefined;
    const made = { ...event, tags, id: ofCommand ? undefined : this.#id('event') };
    if (!ofCommand) this.#events.push(made);
    return made;
  }

  #expected(version: number): ExpectedVersion | undefined {
    const chance = this.#chance;
    return chance.pick([
      undefined,
      'any',
      version,
      version,
      version,
      'no-stream',
      'stream-exists',
      Math.max(0, version - 1),
      version + 1 + chance.below(3),
    ] as const);
  }

  #id(kind: string): string {
    this.#count += 1;
    return this.#trial.id(`${kind}-${this.#count}`);
  }
}
