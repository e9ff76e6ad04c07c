import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { assertOptions, assertWhole } from '../input/assert-argument.ts';
import {
  assertEach,
  assertEventGroup,
  assertFunction,
  assertGiven,
  assertGivenFunction,
  assertMembers,
  assertSchema,
  assertText,
} from '../input/assert-definition.ts';
import { assertMemberName } from '../naming/names.ts';

const aggregateNames = {
  events: true,
  initialState: true,
  evolve: true,
  rejections: true,
  commands: true,
  stateVersion: true,
  snapshots: true,
} as const;
const commandNames = { input: true, decide: true } as const;
const snapshotNames = { everyEvents: true } as const;
/** @throws InvalidArgumentError, InvalidNameError when a part of an aggregate is missing, or is none */
export function assertAggregateOptions(
  options: Partial<Readonly<Record<keyof typeof aggregateNames, unknown>>>,
): void {
  assertGiven('options', options, aggregateNames);
  const { events, evolve, commands, rejections = [], stateVersion, snapshots } = options;
  assertEventGroup('events', events);
  const { category, definitions } = events as { category: string; definitions: readonly { type: string }[] };
  const names = definitions.map(({ type }) => type.slice(category.length + 1));
  assertHandlers('evolve', evolve, names);
  const missing = names.find((name) => !Object.hasOwn(evolve as object, name));
  if (missing !== undefined)
    throw new InvalidArgumentError('evolve', `of "${category}" has no function for event "${missing}"`);
  assertMembers('commands', commands, 'an object with a command for each name', (argument, command) => {
    assertMemberName('command name', argument.slice('commands.'.length));
    assertRule(argument, command, commandNames);
  });
  assertEach('rejections', rejections, assertText);
  assertWhole('stateVersion', stateVersion, { least: 1 });
  assertOptions('snapshots', snapshots, snapshotNames);
}

/** The schema of an input, and what decides on it. */
export function assertRule(argument: string, rule: unknown, names: Readonly<Record<string, true>>): void {
  assertGiven(argument, rule, names);
  const { input, decide } = rule as { readonly input?: unknown; readonly decide?: unknown };
  assertSchema(`${argument}.input`, input);
  assertGivenFunction(`${argument}.decide`, decide);
}

/**
 * @param names of the events that there are
 * @throws InvalidArgumentError when a handler is none, or is for no event
 */
export function assertHandlers(argument: string, handlers: unknown, names: readonly string[]): void {
  assertMembers(argument, handlers, 'an object with functions by event', (member, handler) =>
    assertFunction(member, handler),
  );
  const known = Object.fromEntries(names.map((name) => [name, true] as const));
  assertOptions(argument, handlers, known);
}

/** @throws InvalidArgumentError without a handler: no event would be read, and nothing would say so */
export function assertSomeHandler(argument: string, handlers: object): void {
  if (Object.values(handlers).some((handler) => handler !== undefined)) return;
  throw new InvalidArgumentError(
    argument,
    'has no function, so that no event is read; add one for each event',
  );
}
