import {
  assertInstant,
  assertOneOf,
  assertOptions,
  assertWhole,
  type OptionNames,
} from '../input/assert-argument.ts';
import { placeAfter } from '../log-token/token-check.ts';
import type { AppendContext, AppendOptions } from '../store/event-store.ts';
import type {
  ReadAllOptions,
  ReadForDecisionOptions,
  ReadStreamOptions,
  SubscribeOptions,
} from '../store/reading.ts';
import { assertQueries, type KnownTypes } from './assert-query.ts';

const contextNames: OptionNames<AppendContext> = {
  metadata: true,
  commandId: true,
  era: true,
  condition: true,
};
const appendNames: OptionNames<AppendOptions> = { ...contextNames, expectedVersion: true };
const readStreamNames: OptionNames<ReadStreamOptions> = {
  from: true,
  to: true,
  backwards: true,
  limit: true,
  untilPosition: true,
  untilTime: true,
  unknownEvents: true,
  signal: true,
};
const subscribeNames: OptionNames<SubscribeOptions> = {
  after: true,
  filter: true,
  unknownEvents: true,
  signal: true,
};
const readForDecisionNames: OptionNames<ReadForDecisionOptions> = { after: true, unknownEvents: true };
const readAllNames: OptionNames<ReadAllOptions> = {
  ...subscribeNames,
  untilPosition: true,
  backwards: true,
  limit: true,
};

/**
 * @param own names of options that only this store has
 * @throws InvalidArgumentError when an option of an append to one stream is misspelt
 */
export function assertAppendOptions(options: AppendOptions, own?: Readonly<Record<string, true>>): void {
  assertOptions('options', options, appendNames, own);
}

/** @throws like {@link assertAppendOptions}, for an append to several streams */
export function assertAppendContext(options: AppendContext, own?: Readonly<Record<string, true>>): void {
  assertOptions('options', options, contextNames, own);
}

/** @throws InvalidArgumentError when an option is misspelt, or has a value that it does not take */
export function assertReadStreamOptions(options: ReadStreamOptions): void {
  assertOptions('options', options, readStreamNames);
  assertWhole('from', options.from);
  assertWhole('to', options.to);
  assertOneOf('backwards', options.backwards, [true, false]);
  assertWhole('limit', options.limit);
  assertWhole('untilPosition', options.untilPosition);
  assertInstant('untilTime', options.untilTime);
  assertUnknownEvents(options);
}

/** @throws like {@link assertReadStreamOptions}, and InvalidNameError for a filter by a word that no event can have */
export function assertReadAllOptions(options: ReadAllOptions, known: KnownTypes): void {
  assertOptions('options', options, readAllNames);
  assertWhole('untilPosition', options.untilPosition);
  assertOneOf('backwards', options.backwards, [true, false]);
  assertWhole('limit', options.limit);
  assertLogOptions(options, known);
}

/** @throws InvalidArgumentError when an option is misspelt, or has a value that it does not take */
export function assertReadForDecisionOptions(options: ReadForDecisionOptions): void {
  assertOptions('options', options, readForDecisionNames);
  assertWhole('after', options.after);
  assertUnknownEvents(options);
}

/** @throws like {@link assertReadAllOptions} */
export function assertSubscribeOptions(options: SubscribeOptions, known: KnownTypes): void {
  assertOptions('options', options, subscribeNames);
  assertLogOptions(options, known);
}

function assertLogOptions(options: SubscribeOptions, known: KnownTypes): void {
  placeAfter('after', options.after);
  assertQueries('filter', options.filter, options.unknownEvents === 'skip' ? undefined : known);
  assertUnknownEvents(options);
}

function assertUnknownEvents({ unknownEvents }: Pick<SubscribeOptions, 'unknownEvents'>): void {
  assertOneOf('unknownEvents', unknownEvents, ['fail', 'skip']);
}
