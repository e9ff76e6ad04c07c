import { assertHandlers, assertSomeHandler } from '../aggregate/assert-aggregate-options.ts';
import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { InvalidNameError } from '../errors/definition-errors.ts';
import { assertOneOf, assertWhole } from '../input/assert-argument.ts';
import {
  assertEach,
  assertEventGroup,
  assertFunction,
  assertGiven,
  assertMembers,
  assertSchema,
} from '../input/assert-definition.ts';
import { assertCategory, assertMemberName } from '../naming/names.ts';
import { typesOf } from '../projection/assert-projection-options.ts';
import { assertReactionStart } from '../reaction/reaction-start.ts';
import { ownInputTypes } from './process-inputs.ts';

const optionNames = {
  name: true,
  version: true,
  events: true,
  messages: true,
  deadlines: true,
  publishes: true,
  starts: true,
  correlate: true,
  initialState: true,
  evolve: true,
  react: true,
  summary: true,
  migrate: true,
  concurrency: true,
  slices: true,
  start: true,
  onFailure: true,
  retry: true,
  timeoutMs: true,
} as const;

type Given = { readonly [TName in keyof typeof optionNames]?: unknown };

/** @throws InvalidArgumentError, InvalidNameError when a part of a process is missing, or is none */
export function assertProcessOptions(options: Given): void {
  assertGiven('options', options, optionNames);
  const { name, events, messages = {}, deadlines = [], publishes = {}, correlate, evolve, react } = options;
  assertCategory(name as string);
  const of = `process "${name as string}"`;
  assertWhole(`version of ${of}`, options.version, { least: 1, most: 2_147_483_647 });
  assertEach('events', events, assertEventGroup);
  const types = typesOf(events as Parameters<typeof typesOf>[0]);
  const own = (events as readonly { readonly category: string }[]).find(({ category }) => category === name);
  if (own !== undefined)
    throw new InvalidArgumentError(
      'events',
      `of ${of} are those of a category of this name, where its own streams are; give the process another name`,
    );
  assertMembers('messages', messages, 'an object with a schema for each type', (argument, schema) => {
    assertMessageType(argument.slice('messages.'.length), types);
    assertSchema(argument, schema);
  });
  assertEach('deadlines', deadlines, (_argument, deadline) =>
    assertMemberName('deadline name', deadline as string),
  );
  assertMembers('publishes', publishes, 'an object with a zod schema for each event', () => {});
  assertHandlers('correlate', correlate, types);
  const read = Object.keys(correlate as object);
  const outside = [...read, ...Object.keys(messages)];
  if (Object.keys(messages).length === 0) assertSomeHandler(`correlate of ${of}`, correlate as object);
  assertStarts(of, options.starts, outside);
  for (const [argument, handlers] of [
    ['evolve', evolve],
    ['react', react],
  ] as const) {
    if (handlers === undefined) continue;
    assertHandlers(argument, handlers, [...types, ...outside, ...ownInputTypes]);
    const unread = Object.keys(handlers as object).find(
      (type) => types.includes(type) && !read.includes(type),
    );
    if (unread !== undefined)
      throw new InvalidArgumentError(
        `${argument}["${unread}"]`,
        `of ${of} is never called: correlate has no function for this event, so it is not read; add one`,
      );
  }
  const hears = (handlers: unknown) =>
    handlers !== undefined && (handlers as { readonly deadline?: unknown }).deadline !== undefined;
  if ((deadlines as readonly unknown[]).length > 0 && !hears(evolve) && !hears(react))
    throw new InvalidArgumentError(
      'deadlines',
      `of ${of} would do nothing: neither react nor evolve has a function for "deadline"; add react.deadline, or leave them out`,
    );
  assertFunction('summary', options.summary);
  assertFunction('migrate', options.migrate);
  assertWhole(`concurrency of ${of}`, options.concurrency, { least: 1, most: 1_000 });
  assertWhole(`slices of ${of}`, options.slices, { least: 1, most: 1_024 });
  assertReactionStart(options.start ?? 'end');
  assertOneOf(`onFailure of ${of}`, options.onFailure, ['stop', 'park']);
  assertWhole(`timeoutMs of ${of}`, options.timeoutMs, { least: 1, most: 2_147_483_647 });
}

/** Messages and events share the names of inputs. */
function assertMessageType(type: string, eventTypes: readonly string[]): void {
  const [category, name, ...others] = type.split('.');
  if (name === undefined || others.length > 0)
    throw new InvalidNameError('message type', type, 'must have the form "category.name"');
  assertCategory(category!);
  assertMemberName('message type', name);
  if (eventTypes.includes(type))
    throw new InvalidNameError(
      'message type',
      type,
      'is that of an event of the process too; name one of both otherwise',
    );
}

function assertStarts(of: string, starts: unknown, outside: readonly string[]): void {
  assertEach('starts', starts, (argument, type) => assertOneOf(argument, type ?? null, outside));
  if ((starts as readonly unknown[]).length > 0) return;
  throw new InvalidArgumentError(
    `starts of ${of}`,
    'is empty, so that no instance begins; name a type of events or messages',
  );
}
