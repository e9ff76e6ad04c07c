import {
  type AnyEventGroup,
  compareEventSchemas,
  type EventSchemaChange,
  eventSchemasOf,
  type EventSchemas,
} from '@leftfold/core';
import { assertGiven, type OptionNames } from '@leftfold/core/input';
import { checkCommitted } from '../committed/check-committed.ts';

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
  const { events, file, mode } = options;
  const defined = eventSchemasOf(events);
  return checkCommitted(
    { file, mode },
    {
      variable: 'LEFTFOLD_EVENT_SCHEMAS',
      defined,
      compare: (committed) => compareEventSchemas(committed, defined),
      broken: 'stored events are not what the definitions say, by',
      acceptWhen: 'if no such event was ever stored',
      notCompared: notComparedIn(defined),
    },
    checkEventSchemas,
  );
}

const optionNames: OptionNames<CheckEventSchemasOptions> = { events: true, file: true, mode: true };

function notComparedIn({ events }: EventSchemas): readonly string[] {
  return Object.entries(events).flatMap(([type, { versions }]) =>
    Object.entries(versions).flatMap(([version, { notCompared = [] }]) =>
      notCompared.map((one) => `${type} version ${version}, ${one}`),
    ),
  );
}
