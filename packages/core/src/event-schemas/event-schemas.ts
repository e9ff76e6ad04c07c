import type { AnyEventGroup } from '../event/define-events.ts';
import { EventCatalog } from '../event/event-catalog.ts';
import type { EventDefinition } from '../event/event-definition.ts';
import type { JsonObject } from '../event/json.ts';
import type { RetiredDefinition } from '../event/retired-events.ts';
import { toJsonSchema } from './json-schema.ts';
import { uncomparedIn } from './uncompared.ts';

/** One schema version of an event. */
export interface DescribedVersion {
  /** JSON Schema of the stored payload. */
  readonly schema: JsonObject;
  /** Refinements, transforms and pipes, which JSON Schema cannot say: `cents: refine`. Left out when there are none. */
  readonly notCompared?: readonly string[];
}

/** One event type. */
export interface DescribedEvent {
  /** The newest version. */
  readonly schemaVersion: number;
  /** The version of new events; left out when it is the newest one. */
  readonly written?: number;
  /** Given for a retired event: the types that it is read as. */
  readonly readAs?: readonly string[];
  /** All versions, by number. */
  readonly versions: Readonly<Record<string, DescribedVersion>>;
}

/** All events of some definitions, as one JSON document. */
export interface EventSchemas {
  /** The form of this document. */
  readonly format: 1;
  /** By event type. */
  readonly events: Readonly<Record<string, DescribedEvent>>;
}

/**
 * Describes events as one JSON document: to be committed, and compared with that of a later release.
 *
 * Types and members are in the order of their names, so that the document changes only with the definitions.
 *
 * @throws InvalidArgumentError when one of the groups is none
 * @throws DuplicateDefinitionError when two groups define one event type
 *
 * @example
 * ```ts
 * const { events } = eventSchemasOf([accountEvents]);
 * events['account.opened'].versions['1'].schema; // a JSON Schema
 * ```
 */
export function eventSchemasOf(groups: readonly AnyEventGroup[]): EventSchemas {
  const { definitions } = new EventCatalog(groups);
  const described = definitions
    .toSorted((one, other) => (one.type < other.type ? -1 : 1))
    .map((definition) => [definition.type, describe(definition)] as const);
  return { format: 1, events: Object.fromEntries(described) };
}

function describe(definition: EventDefinition | RetiredDefinition): DescribedEvent {
  const { schemaVersion, written, schemas } = definition;
  const versions = schemas.map((schema, index): [string, DescribedVersion] => {
    const notCompared = uncomparedIn(schema);
    return [
      String(index + 1),
      { schema: toJsonSchema(schema), ...(notCompared.length > 0 && { notCompared }) },
    ];
  });
  return {
    schemaVersion,
    ...(written.schemaVersion !== schemaVersion && { written: written.schemaVersion }),
    ...('targets' in definition && {
      readAs: [...definition.targets.values()].map(({ type }) => type).toSorted(),
    }),
    versions: Object.fromEntries(versions),
  };
}
