import { InvalidArgumentError, InvalidMessageError } from '@leftfold/core';
import {
  assertGiven,
  assertGivenText,
  assertObject,
  assertOneOf,
  assertOptions,
  assertWhole,
  type OptionNames,
} from '@leftfold/core/input';
import { toLeftfoldError } from '@leftfold/postgres';
import { storedKey } from '@leftfold/subscriptions';
import { sequenceForm } from '../envelope/sequence.ts';
import type { InboxConnection } from '../sql/inbox/attempts.ts';
import type { SourceKey } from '../sql/inbox/inbox-rows.ts';
import {
  type AsideMessage,
  type BlockedKey,
  giveUpMessages,
  listAside,
  listBlockedKeys,
  removeUnplaced,
  resumeFailedKeys,
  resumeKey,
} from '../sql/inbox/parked.ts';
import type { MessageReader } from './message-reader.ts';
import type { MessageProcessor } from './message-processor.ts';

/** A page of keys whose messages are set aside. */
export interface BlockedListOptions {
  /** Only keys after this one: the last one of the page before. @default from the first one */
  readonly after?: SourceKey | undefined;
  /** 1 to 1000. @default 100 */
  readonly limit?: number | undefined;
}

/** A page of messages. */
export interface AsidePageOptions {
  /** Only those after this id. @default 0 */
  readonly after?: number | undefined;
  /** 1 to 1000. @default 100 */
  readonly limit?: number | undefined;
}

/** How a key is resumed. */
export interface ResumeMessagesOptions {
  /**
   * Takes the first message that is set aside for the next one: for a key that waits for a message which does not come, or
   * whose source went back. @default false
   */
  readonly skipMissing?: boolean | undefined;
}

/** Who gives messages up, and why. */
export interface GiveUpMessagesOptions {
  /** Kept with the messages: 1 to 2000 characters. */
  readonly reason: string;
  /** Kept with the messages: 1 to 255 characters. */
  readonly by: string;
  /** The last sequence that is given up; what is left of the key is resumed. @default all of its messages */
  readonly upTo?: string | undefined;
}

const listNames: OptionNames<BlockedListOptions> = { after: true, limit: true };
const pageNames: OptionNames<AsidePageOptions> = { after: true, limit: true };
const resumeNames: OptionNames<ResumeMessagesOptions> = { skipMissing: true };
const giveUpNames: OptionNames<GiveUpMessagesOptions> = { reason: true, by: true, upTo: true };

/** Longest page of a list. */
const MAX_LIMIT = 1_000;

/** The inbox of a consumer, and what reads and handles its messages. */
export interface ParkedParts {
  readonly inbox: InboxConnection;
  readonly reader: MessageReader;
  readonly processor: MessageProcessor;
}

/**
 * Lists messages that are set aside, has them tried again, and gives them up. Any process with the consumer's name may do
 * so; one that runs it does what was asked for, at once or when it starts.
 */
export class ParkedMessages {
  readonly #parts: () => ParkedParts;

  /** @internal @param parts asked for with each call: those of a consumer that is started again are others */
  constructor(parts: () => ParkedParts) {
    this.#parts = parts;
  }

  /**
   * A page of the keys whose messages are set aside, by source and key. Among them are those that are tried again by
   * themselves, and those that wait for a missing message.
   *
   * @throws InvalidArgumentError, StoreUnavailableError
   */
  async list(options: BlockedListOptions = {}): Promise<readonly BlockedKey[]> {
    assertOptions('options', options, listNames);
    const { after, limit = 100 } = options;
    const place = after === undefined ? undefined : toPlace('after', after);
    assertLimit(limit);
    return this.#ask(() => listBlockedKeys(this.#parts().inbox, { after: place, limit }));
  }

  /** A page of the messages of a key that are set aside, in the order in which they came. @throws like {@link list} */
  async messages(place: SourceKey, options: AsidePageOptions = {}): Promise<readonly AsideMessage[]> {
    const of = toPlace('place', place);
    const page = toPage(options);
    return this.#ask(() =>
      listAside(this.#parts().inbox, { of, source: undefined, givenUp: false, ...page }),
    );
  }

  /**
   * A page of what was delivered and cannot be placed: no message of a relay, or one of an unknown source. @throws like
   * {@link list}
   */
  async unplaced(options: AsidePageOptions = {}): Promise<readonly AsideMessage[]> {
    const page = toPage(options);
    return this.#ask(() =>
      listAside(this.#parts().inbox, { of: undefined, source: '', givenUp: false, ...page }),
    );
  }

  /** A page of the messages that were given up. @throws like {@link list} */
  async givenUp(options: AsidePageOptions = {}): Promise<readonly AsideMessage[]> {
    const page = toPage(options);
    return this.#ask(() =>
      listAside(this.#parts().inbox, { of: undefined, source: undefined, givenUp: true, ...page }),
    );
  }

  /**
   * Has the messages of a key handled again, in their order. If one fails again, the key is parked again, with what is left.
   *
   * @throws InvalidArgumentError when nothing of the key is set aside, or it waits for a missing message and
   * `skipMissing` is not given; and like {@link list}
   */
  async resume(place: SourceKey, options: ResumeMessagesOptions = {}): Promise<void> {
    const of = toPlace('place', place);
    assertOptions('options', options, resumeNames);
    const { skipMissing = false } = options;
    assertOneOf('skipMissing', skipMissing, [true, false]);
    const blocked = await this.#ask(() => resumeKey(this.#parts().inbox, of, skipMissing));
    if (blocked === undefined)
      throw new InvalidArgumentError(
        'place',
        'names a key of which nothing is set aside now; list() has those of which something is',
      );
    if (blocked !== 'failure' && !skipMissing)
      throw new InvalidArgumentError(
        'place',
        blocked === 'gap'
          ? 'names a key that waits for a missing message; have its relay publish it again, or go on without it with { skipMissing: true }'
          : 'names a key whose source went back; look at the effects of the messages that its log has lost, then go on with { skipMissing: true }',
      );
  }

  /** Has all keys tried again whose message failed. @returns their number @throws like {@link list} */
  async resumeAll(): Promise<number> {
    return this.#ask(() => resumeFailedKeys(this.#parts().inbox));
  }

  /**
   * Handles what could not be placed before, such as messages of a source that was added to `sources`.
   *
   * @returns how many of them are messages now; the others stay
   * @throws like {@link list}
   */
  async resumeUnplaced(): Promise<number> {
    let placed = 0;
    for (let after = 0; ; ) {
      const page = await this.unplaced({ after, limit: 10 });
      for (const unplaced of page) {
        after = unplaced.id;
        const message = this.#parts().reader.tryToPlace(unplaced);
        if (message instanceof InvalidMessageError) continue;
        await this.#parts().processor.deliver(message, true);
        await this.#ask(() => removeUnplaced(this.#parts().inbox, unplaced.id));
        placed += 1;
      }
      if (page.length === 0) return placed;
    }
  }

  /**
   * Gives up messages of a key that are set aside: they are never handled. They are kept, with who gave them up and why;
   * what is left of the key goes on after them. What cannot be placed has the source '' and its own key.
   *
   * @returns the number of messages that were given up
   * @throws InvalidArgumentError when nothing of the key is set aside; and like {@link list}
   */
  async giveUp(place: SourceKey, options: GiveUpMessagesOptions): Promise<number> {
    const of = toPlace('place', place);
    assertGiven('options', options, giveUpNames);
    const { reason, by, upTo } = options;
    assertLength('reason', reason, 2_000);
    assertLength('by', by, 255);
    if (upTo !== undefined && !(typeof upTo === 'string' && sequenceForm.test(upTo)))
      throw InvalidArgumentError.not('the sequence of a message', 'upTo', upTo);
    const givenUp = await this.#ask(() => giveUpMessages(this.#parts().inbox, of, { upTo, by, reason }));
    if (givenUp === 0)
      throw new InvalidArgumentError('place', 'names a key of which no such message is set aside now');
    return givenUp;
  }

  async #ask<TResult>(request: () => Promise<TResult>): Promise<TResult> {
    try {
      return await request();
    } catch (error) {
      throw toLeftfoldError(error, this.#parts().inbox.schema);
    }
  }
}

function toPlace(argument: string, place: unknown): SourceKey {
  assertObject('{ source, key }', argument, place);
  const { source, key } = place as Partial<SourceKey>;
  assertGivenText(`${argument}.source`, source);
  assertGivenText(`${argument}.key`, key);
  return { source: source!, key: storedKey(key!) };
}

function toPage(options: AsidePageOptions): { readonly after: number; readonly limit: number } {
  assertOptions('options', options, pageNames);
  const { after = 0, limit = 100 } = options;
  assertWhole('after', after);
  assertLimit(limit);
  return { after, limit };
}

function assertLimit(limit: number): void {
  assertWhole('limit', limit, { least: 1, most: MAX_LIMIT });
}

function assertLength(name: string, text: string, most: number): void {
  assertGivenText(name, text);
  if (text.length === 0 || text.length > most || text.includes('\u0000'))
    throw new InvalidArgumentError(name, `must have 1 to ${most} characters, without NUL`);
}
