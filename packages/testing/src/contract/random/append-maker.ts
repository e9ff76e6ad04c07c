import type { AppendContext, ExpectedVersion, NewEvent, StreamToAppend } from '@leftfold/core';
import { delivered, scanned, sent } from '../trial.ts';
import type { ProgramAppend, ProgramEvent, ProgramVersion } from './program.ts';

/** An append with the arguments of a store. */
export interface MadeAppend {
  readonly appends: readonly StreamToAppend[];
  readonly context: AppendContext;
}

export interface AppendMakerOptions {
  readonly streamIds: readonly string[];
  /** Makes an event or command id from a name. */
  readonly id: (name: string) => string;
}

/** Converts the appends of a program to appends for a store, with ids and current versions. */
export class AppendMaker {
  readonly #options: AppendMakerOptions;
  /** Earlier appends, which can be repeated. */
  readonly #made: MadeAppend[] = [];
  readonly #events: NewEvent[] = [];
  #count = 0;

  constructor(options: AppendMakerOptions) {
    this.#options = options;
  }

  /**
   * @param versionOf the assumed current version of a stream.
   * @returns undefined for a repetition without an earlier append.
   */
  next(append: ProgramAppend, versionOf: (streamId: string) => number): MadeAppend | undefined {
    if (append.kind === 'again') return this.#made[append.index % this.#made.length];
    const commandId = append.hasCommand ? this.#id('command') : undefined;
    const appends = append.streams.map(({ stream, events, expected }): StreamToAppend => {
      const streamId = this.#options.streamIds[stream]!;
      return {
        streamId,
        events: events.map((event) => this.#event(event, commandId !== undefined)),
        expectedVersion: expectedVersionOf(expected, versionOf(streamId)),
      };
    });
    const metadata = append.actor === undefined ? undefined : { actor: `actor ${append.actor}` };
    const made = { appends, context: { metadata, commandId } };
    this.#made.push(made);
    return made;
  }

  /** Events of a command get their ids from the command id. */
  #event(event: ProgramEvent, ofCommand: boolean): NewEvent {
    if (event.kind === 'known') {
      const known = this.#events[event.index % this.#events.length];
      if (known === undefined || ofCommand) return { ...sent, id: ofCommand ? undefined : this.#id('event') };
      return event.changed ? { ...known, ...scanned('elsewhere'), id: known.id } : known;
    }
    const fresh = { sent, delivered, scanned: scanned(`place ${event.place}`) }[event.name];
    const made = { ...fresh, tags: event.tags, id: ofCommand ? undefined : this.#id('event') };
    if (!ofCommand) this.#events.push(made);
    return made;
  }

  #id(kind: string): string {
    this.#count += 1;
    return this.#options.id(`${kind}-${this.#count}`);
  }
}

function expectedVersionOf(expected: ProgramVersion, version: number): ExpectedVersion | undefined {
  return typeof expected === 'object' ? Math.max(0, version + expected.offset) : expected;
}
