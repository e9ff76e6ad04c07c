import { assertHandlers, assertRule, assertSomeHandler } from '../aggregate/assert-aggregate-options.ts';
import type { AnyEventGroup } from '../event/define-events.ts';
import {
  assertEach,
  assertEventGroup,
  assertGiven,
  assertGivenFunction,
  assertText,
} from '../input/assert-definition.ts';
import { assertOneOf } from '../input/assert-argument.ts';
import { assertMemberName } from '../naming/names.ts';

const decisionNames = {
  name: true,
  input: true,
  events: true,
  reads: true,
  rejections: true,
  decide: true,
} as const;
const foldNames = { events: true, initialState: true, last: true, evolve: true } as const;

/** @throws InvalidArgumentError, InvalidNameError when a part of a decision is missing, or is none */
export function assertDecisionOptions(
  options: Partial<Readonly<Record<keyof typeof decisionNames, unknown>>>,
): void {
  assertGiven('options', options, decisionNames);
  assertMemberName('decision name', options.name as string);
  assertEach('events', options.events ?? [], assertEventGroup);
  assertGivenFunction('reads', options.reads);
  assertEach('rejections', options.rejections ?? [], assertText);
  assertRule('options', options, decisionNames);
}

/** @throws InvalidArgumentError when a part of a fold is missing, or is none */
export function assertFoldOptions(options: Partial<Readonly<Record<keyof typeof foldNames, unknown>>>): void {
  assertGiven('options', options, foldNames);
  assertEach('events', options.events, assertEventGroup);
  const groups = options.events as readonly AnyEventGroup[];
  const types = groups.flatMap(({ definitions }) => definitions.map(({ type }) => type));
  assertOneOf('last', options.last, [true, false]);
  assertHandlers('evolve', options.evolve, types);
  assertSomeHandler('evolve', options.evolve as object);
}
