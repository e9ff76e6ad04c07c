import { AssertionError } from 'node:assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import {
  type AnyEventGroup,
  compareEventSchemas,
  type EventSchemaChange,
  eventSchemasOf,
  type EventSchemas,
  InvalidArgumentError,
} from '@leftfold/core';
import { assertGiven, assertOneOf, type OptionNames } from '@leftfold/core/input';

/** Options of {@link checkEventSchemas}. */
export interface CheckEventSchemasOptions {
  /** The events of the application. */
  readonly events: readonly AnyEventGroup[];
  /** The committed JSON file. */
  readonly file: string | URL;
  /**
   * `'update'` writes the file, unless a change is breaking; `'accept'` writes it in any case, when no event of a changed
   * version was ever stored.
   *
   * @default the environment variable LEFTFOLD_EVENT_SCHEMAS; without it the file is only compared
   */
  readonly mode?: 'update' | 'accept' | undefined;
}

/**
 * Asserts that the definitions of events are as committed, and that no change of them breaks stored events. For a test:
 *
 * ```ts
 * test('events are as committed', () => {
 *   checkEventSchemas({ events: [accountEvents], file: 'event-schemas.json' });
 * });
 * ```
 *
 * A change that is not breaking fails too, until the file is written: `LEFTFOLD_EVENT_SCHEMAS=update npx vitest run`.
 *
 * @returns the differences between the file, as it was, and the definitions
 * @throws AssertionError that names each event, its change and the fix
 * @throws InvalidArgumentError when an option is none, or the file has something else
 */
export function checkEventSchemas(options: CheckEventSchemasOptions): readonly EventSchemaChange[] {
  assertGiven('options', options, optionNames);
  const { events, file, mode = process.env[VARIABLE] } = options;
  if (typeof file !== 'string' && !(file instanceof URL))
    throw InvalidArgumentError.not('a path or a URL', 'file', file);
  assertOneOf(options.mode === undefined ? VARIABLE : 'mode', mode === '' ? undefined : mode, [
    'update',
    'accept',
  ]);
  const defined = eventSchemasOf(events);
  const committed = read(file);
  const changes = committed === undefined ? [] : compareEventSchemas(committed.value, defined);
  const breaking = changes.filter((change) => change.breaking);
  // The file may be formatted as the repository formats its files.
  if (isDeepStrictEqual(committed?.value, defined)) return changes;
  if (mode === 'accept' || (mode === 'update' && breaking.length === 0)) {
    writeFileSync(file, `${JSON.stringify(defined, null, 2)}\n`);
    return changes;
  }
  throw new AssertionError({
    message: messageOf(String(file), committed === undefined, changes, defined),
    operator: 'checkEventSchemas',
    stackStartFn: checkEventSchemas,
  });
}

const VARIABLE = 'LEFTFOLD_EVENT_SCHEMAS';
const optionNames: OptionNames<CheckEventSchemasOptions> = { events: true, file: true, mode: true };

/** @returns undefined when there is no such file */
function read(file: string | URL): { readonly value: unknown } | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (cause) {
    throw new InvalidArgumentError('file', `${String(file)} is no JSON; restore it, or delete it`, { cause });
  }
}

function messageOf(
  file: string,
  isNew: boolean,
  changes: readonly EventSchemaChange[],
  defined: EventSchemas,
): string {
  if (isNew) return `${file} does not exist; write it with ${VARIABLE}=update and commit it`;
  const breaking = changes.filter((change) => change.breaking);
  const others = changes.filter((change) => !change.breaking);
  const lines = [
    breaking.length > 0
      ? `stored events are not what the definitions say, by ${file}:`
      : `${file} is not up to date; write it with ${VARIABLE}=update and commit it:`,
    ...breaking.map((change) => `  ${describe(change)}\n    ${change.fix ?? ''}`),
    ...(breaking.length > 0 && others.length > 0 ? ['not breaking:'] : []),
    ...others.map((change) => `  ${describe(change)}`),
  ];
  const uncompared = uncomparedOf(defined);
  if (uncompared.length > 0)
    lines.push('not compared, since JSON Schema cannot say it:', ...uncompared.map((one) => `  ${one}`));
  if (breaking.length > 0)
    lines.push(`if no such event was ever stored, write the file with ${VARIABLE}=accept`);
  return lines.join('\n');
}

function describe({ type, schemaVersion, path, change }: EventSchemaChange): string {
  const version = schemaVersion === undefined ? '' : ` version ${schemaVersion}`;
  return `${type}${version}${path === '' ? '' : `, ${path}`}: ${change}`;
}

function uncomparedOf({ events }: EventSchemas): readonly string[] {
  return Object.entries(events).flatMap(([type, { versions }]) =>
    Object.entries(versions).flatMap(([version, { notCompared = [] }]) =>
      notCompared.map((one) => `${type} version ${version}, ${one}`),
    ),
  );
}
