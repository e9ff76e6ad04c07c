import { assertId, type NewEvent } from '@leftfold/core';
import {
  assertEach,
  assertEvent,
  assertGiven,
  assertInstant,
  assertObject,
  assertText,
  holds,
  type OptionNames,
} from '@leftfold/core/input';

/** A message with its place, where a test needs others than the defaults. */
export interface PlacedMessage {
  /** Made by the published language: `orderMessages.create.placed({ … })`. */
  readonly message: NewEvent;
  /** @default `<category of the message>-1` */
  readonly key?: string;
  /** @default the first of the consumer's `sources` */
  readonly source?: string;
  /** When its event was recorded. @default 2000-01-01T00:00:00.000Z, and a second later for each further message */
  readonly time?: Date;
}

/** An argument of `givenMessages`: a message, a message with its place, or a list made by {@link ofKey}. */
export type GivenMessage = NewEvent | PlacedMessage | readonly PlacedMessage[];

/** Messages of one key: `ofKey('order-o-1', placed, cancelled)`. */
export function ofKey(key: string, ...messages: readonly NewEvent[]): readonly PlacedMessage[] {
  const placed = messages.map((message) => ({ message, key }));
  placed.forEach(assertPlaced);
  return placed;
}

/** @throws InvalidArgumentError, InvalidNameError when it is no list, or one is no message */
export function toPlacedMessages(given: readonly GivenMessage[]): readonly PlacedMessage[] {
  const placed: PlacedMessage[] = [];
  assertEach('messages', given, (_, one) => placed.push(...placedIn(one as GivenMessage)));
  return placed;
}

function placedIn(given: GivenMessage): readonly PlacedMessage[] {
  if (!isList(given)) assertObject('a message', 'messages', given, ['message']);
  const placed = isList(given) ? given : 'message' in given ? [given] : [{ message: given }];
  assertEach('messages', placed, (_, one) => assertPlaced(one as PlacedMessage));
  return placed;
}

const placedNames: OptionNames<PlacedMessage> = { message: true, key: true, source: true, time: true };

function assertPlaced(placed: PlacedMessage): void {
  assertGiven('messages', placed, placedNames);
  assertEvent('messages', placed.message);
  if (placed.key !== undefined) assertId('key', placed.key);
  assertText('source', placed.source);
  assertInstant('time', placed.time);
}

function isList(given: GivenMessage): given is readonly PlacedMessage[] {
  return holds(() => Array.isArray(given));
}
