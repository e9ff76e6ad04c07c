import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { assertHandlers, assertSomeHandler } from '../aggregate/assert-aggregate-options.ts';
import type { AnyEventGroup } from '../event/define-events.ts';
import { assertOneOf, assertWhole } from '../input/assert-argument.ts';
import {
  assertEach,
  assertEventGroup,
  assertFunction,
  assertGiven,
  assertGivenFunction,
  assertGivenText,
  assertMembers,
  assertSchema,
} from '../input/assert-definition.ts';
import { assertColumnName, assertProjectionName, assertSqlName } from '../naming/names.ts';

const commonNames = {
  name: true,
  version: true,
  mode: true,
  events: true,
  metadata: true,
  onFailure: true,
  slices: true,
} as const;
const handlerNames = { ...commonNames, tables: true, on: true, onBatch: true, key: true } as const;
const tableProjectionNames = {
  ...commonNames,
  columns: true,
  key: true,
  initialRow: true,
  evolve: true,
  indexes: true,
} as const;
const tableNames = { columns: true, primaryKey: true, indexes: true } as const;

type Unchecked<TNames> = Readonly<Partial<Record<keyof TNames, unknown>>>;

/** @throws InvalidNameError, InvalidArgumentError when a part of a projection with handlers is missing, or is none */
export function assertProjectionOptions(options: Unchecked<typeof handlerNames>): void {
  assertGiven('options', options, handlerNames);
  const { name, tables, on, onBatch } = options;
  const events = assertCommon(options);
  assertMembers('tables', tables, 'an object with a table for each name', (argument, table) => {
    assertSqlName(`table of "${name as string}"`, argument.slice('tables.'.length));
    assertGiven(argument, table, tableNames);
    const { columns, primaryKey, indexes } = table as Unchecked<typeof tableNames>;
    assertColumns(`${argument}.columns`, columns, `${name as string}.${argument.slice('tables.'.length)}`);
    assertEach(`${argument}.primaryKey`, primaryKey, assertColumnText);
    assertIndexes(`${argument}.indexes`, indexes);
  });
  if ((on === undefined) === (onBatch === undefined))
    throw new InvalidArgumentError(
      'options',
      'must have either on, with a handler for each event, or onBatch',
    );
  assertFunction('onBatch', onBatch);
  assertFunction('key', options.key);
  if (on === undefined) return;
  assertHandlers('on', on, typesOf(events));
  assertSomeHandler(`on of projection "${name as string}"`, on as object);
}

/** @throws like {@link assertProjectionOptions}, for a projection with one table */
export function assertTableProjectionOptions(options: Unchecked<typeof tableProjectionNames>): void {
  assertGiven('options', options, tableProjectionNames);
  const events = assertCommon(options);
  assertColumns('columns', options.columns, options.name as string);
  const owner = `projection "${options.name as string}"`;
  assertGivenFunction(`key of ${owner}`, options.key);
  assertMembers('initialRow', options.initialRow, 'an object with a value for each column', () => {});
  assertHandlers('evolve', options.evolve, typesOf(events));
  assertSomeHandler(`evolve of ${owner}`, options.evolve as object);
  assertIndexes('indexes', options.indexes);
}

function assertCommon({
  name,
  version,
  mode,
  events,
  metadata,
  onFailure,
  slices,
}: Unchecked<typeof commonNames>) {
  assertProjectionName(name as string);
  assertWhole(`version of projection "${name as string}"`, version, { least: 1, most: 2_147_483_647 });
  assertOneOf(`mode of projection "${name as string}"`, mode, ['inline', 'async']);
  assertOneOf(`onFailure of projection "${name as string}"`, onFailure, ['stop', 'park']);
  if (mode === 'inline' && onFailure === 'park')
    throw new InvalidDefinitionError(
      `projection "${name as string}" is inline and cannot park events: an append fails at an event that cannot be applied; leave out onFailure, or mode`,
    );
  assertWhole(`slices of projection "${name as string}"`, slices, { least: 1, most: 1_024 });
  if (mode === 'inline' && slices !== undefined && slices !== 1)
    throw new InvalidDefinitionError(
      `projection "${name as string}" is inline and cannot have slices: each append applies its own events; leave out slices, or mode`,
    );
  assertEach('events', events, assertEventGroup);
  if (metadata !== undefined) assertSchema('metadata', metadata);
  return events as readonly AnyEventGroup[];
}

function assertColumns(argument: string, columns: unknown, owner: string): void {
  assertMembers(argument, columns, 'an object with the type of each column', (column, type) => {
    assertColumnName(`column of "${owner}"`, column.slice(argument.length + 1));
    assertColumnText(column, type);
  });
}

function assertIndexes(argument: string, indexes: unknown): void {
  if (indexes !== undefined)
    assertEach(argument, indexes, (index, columns) => assertEach(index, columns, assertColumnText));
}

function assertColumnText(argument: string, name: unknown): void {
  assertGivenText(argument, name);
}

/** The types of all events of these groups. */
export function typesOf(groups: readonly AnyEventGroup[]): readonly string[] {
  return groups.flatMap((group) => group.definitions.map((definition) => definition.type));
}
