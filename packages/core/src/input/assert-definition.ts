import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { shownName } from '../errors/shown.ts';
import { isPlainObject } from '../json/json-part.ts';
import { assertId } from '../naming/names.ts';
import { assertList, assertOptions, assertWhole } from './assert-argument.ts';
import { holds } from './holds.ts';
import { reading } from './reading.ts';

/** Checks a part of an argument, which it names in the error. */
export type AssertPart = (argument: string, value: unknown) => void;

/** @throws InvalidArgumentError when the value is not an object with these members only. */
export function assertGiven(argument: string, value: unknown, names: Readonly<Record<string, true>>): void {
  if (value === undefined) throw InvalidArgumentError.not('an object', argument, value);
  assertOptions(argument, value, names);
}

/** @throws InvalidArgumentError when the value is given and is not a function. */
export function assertFunction(argument: string, value: unknown): void {
  if (value !== undefined) assertGivenFunction(argument, value);
}

/** @throws InvalidArgumentError when the value is not a function, or is not given. */
export function assertGivenFunction(argument: string, value: unknown): void {
  if (typeof value !== 'function') throw InvalidArgumentError.not('a function', argument, value);
}

/** @throws InvalidArgumentError when the value is given and is not a text. */
export function assertText(argument: string, value: unknown): void {
  if (value !== undefined) assertGivenText(argument, value);
}

/** @throws InvalidArgumentError when the value is not a text, or is not given. */
export function assertGivenText(argument: string, value: unknown): void {
  if (typeof value !== 'string') throw InvalidArgumentError.not('a text', argument, value);
}

/** @throws InvalidArgumentError when the value is not a list, or the error of one of its elements. */
export function assertEach(argument: string, value: unknown, assertPart: AssertPart): void {
  assertList(argument, value);
  const list = value as readonly unknown[];
  const length = reading(argument, () => list.length);
  // Not forEach, which leaves out elements that a list does not have.
  for (let index = 0; index < length; index += 1) {
    const part = `${argument}[${index}]`;
    assertPart(
      part,
      reading(part, () => list[index]),
    );
  }
}

/**
 * @param taken what it is an object of: `an object with a function for each event`
 * @throws InvalidArgumentError when the value is not an object without a class, or the error of one of its members.
 */
export function assertMembers(
  argument: string,
  value: unknown,
  taken: string,
  assertPart: AssertPart,
): asserts value is Readonly<Record<string, unknown>> {
  if (!isObject(value) || !holds(() => !Array.isArray(value)))
    throw InvalidArgumentError.not(taken, argument, value);
  if (!holds(() => isPlainObject(value)))
    throw new InvalidArgumentError(
      argument,
      `must be ${taken}: a plain object, without a class and without a member "__proto__"`,
    );
  for (const name of reading(argument, () => Object.keys(value))) {
    const part = `${argument}.${name}`;
    assertPart(
      part,
      reading(part, () => value[name]),
    );
  }
}

/** @throws InvalidArgumentError when the value is not a schema of zod. */
export function assertSchema(argument: string, value: unknown): void {
  const isSchema = (): boolean =>
    isObject(value) && isObject(value['_zod']) && typeof value['safeParse'] === 'function';
  if (!holds(isSchema)) throw InvalidArgumentError.not('a zod schema', argument, value);
}

const eventMembers = ['type', 'schemaVersion', 'data', 'id', 'tags', 'metadata'] as const;

/** @throws InvalidArgumentError, InvalidNameError when the value is no event with a type and a version. */
export function assertEvent(argument: string, value: unknown): void {
  if (!isObject(value) || !holds(() => 'type' in value))
    throw InvalidArgumentError.not('an event, made by defineEvents(...).create', argument, value);
  reading(argument, () => {
    for (const name of eventMembers) void value[name];
  });
  const { type, schemaVersion } = value;
  assertId('event type', type as string | undefined);
  assertWhole('schemaVersion', schemaVersion);
}

/** @throws InvalidArgumentError when the value was not made by `defineEvents`. */
export function assertEventGroup(argument: string, value: unknown): void {
  if (holds(() => isEventGroup(value))) return;
  throw notDefinition('events, made by defineEvents(...)', argument, value);
}

/** @throws InvalidArgumentError when the value was not made by `defineAggregate`. */
export function assertAggregate(argument: string, value: unknown): void {
  if (holds(() => isAggregate(value))) return;
  throw notDefinition('an aggregate, made by defineAggregate(...)', argument, value);
}

/** True for what `defineDecision` makes, as against an aggregate. */
export function isDecision(value: unknown): boolean {
  return holds(
    () =>
      hasTexts(value, 'name', 'kind') &&
      value['kind'] === 'decision' &&
      typeof value['decide'] === 'function',
  );
}

/** @throws InvalidArgumentError when the value was not made by `defineDecision`. */
export function assertDecision(argument: string, value: unknown): void {
  if (isDecision(value)) return;
  throw notDefinition('a decision, made by defineDecision(...)', argument, value);
}

/** @throws InvalidArgumentError when the value was not made by `defineProjection` or `defineTableProjection`. */
export function assertProjection(argument: string, value: unknown): void {
  if (holds(() => isProjection(value))) return;
  const taken = 'a projection, made by defineProjection(...) or defineTableProjection(...)';
  throw notDefinition(taken, argument, value);
}

/** @throws InvalidArgumentError when the value is no reaction */
export function assertReaction(argument: string, value: unknown): void {
  if (holds(() => isReaction(value))) return;
  throw notDefinition('a reaction, made by defineReaction(...)', argument, value);
}

/** What each function makes, and the option of an app that takes it. */
const definitions = [
  ['reaction', 'reactions', isReaction],
  ['process', 'processes', isOfKind('process')],
  ['relay', 'relays', isOfKind('relay')],
  ['consumer', 'consumers', isOfKind('consumer')],
  ['projection', 'projections', isProjection],
  ['decision', 'decisions', isDecision],
  ['aggregate', 'aggregates', isAggregate],
] as const;

/** A definition of another kind is named: it was passed in the wrong place. */
export function notDefinition(taken: string, argument: string, value: unknown): InvalidArgumentError {
  const found = definitions.find(([, , isOne]) => holds(() => isOne(value)));
  if (found === undefined) return InvalidArgumentError.not(taken, argument, value);
  const [kind, option] = found;
  const { name } = value as { readonly name: string };
  return new InvalidArgumentError(
    argument,
    `must be ${taken}, not ${kind} ${shownName(name)}; an app takes that in ${option}`,
  );
}

function isProjection(value: unknown): boolean {
  return (
    hasTexts(value, 'name', 'kind') && Array.isArray(value['tables']) && Array.isArray(value['eventTypes'])
  );
}

function isReaction(value: unknown): boolean {
  return (
    hasTexts(value, 'name', 'kind') && value['kind'] === 'reaction' && typeof value['handle'] === 'function'
  );
}

/** Of what other packages define. */
function isOfKind(kind: string): (value: unknown) => boolean {
  return (value) => hasTexts(value, 'name', 'kind') && value['kind'] === kind;
}

function isEventGroup(value: unknown): boolean {
  return hasTexts(value, 'category') && Array.isArray(value['definitions']) && isObject(value['create']);
}

function isAggregate(value: unknown): boolean {
  return hasTexts(value, 'name') && isEventGroup(value['events']) && typeof value['evolve'] === 'function';
}

function hasTexts(value: unknown, ...names: readonly string[]): value is Readonly<Record<string, unknown>> {
  return isObject(value) && names.every((name) => typeof value[name] === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
