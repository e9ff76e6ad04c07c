import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { compareSchemas } from './compare-schema.ts';
import type { DescribedEvent, EventSchemas } from './event-schemas.ts';
import { canonicalJson } from './json-schema.ts';

/** One difference between two descriptions of events. */
export interface EventSchemaChange {
  /** The event type. */
  readonly type: string;
  /** Undefined when it concerns the event as a whole. */
  readonly schemaVersion: number | undefined;
  /** The field of the payload, such as `owner.name`. Empty for the payload or the event itself. */
  readonly path: string;
  /** Whether events that are stored may not be read, or be read as what they are not. */
  readonly breaking: boolean;
  /** What changed, in words. */
  readonly change: string;
  /** How to make the change without breaking stored events; undefined unless it is breaking. */
  readonly fix: string | undefined;
}

/**
 * The differences between the committed description of events and that of the definitions.
 *
 * A change is breaking when it concerns a version that may be stored already: make it with a new version and an upcast,
 * or retire the event. Schemas are compared by what their JSON Schemas say; `notCompared` of the description lists what
 * those cannot.
 *
 * @param committed as it was read from its file: `JSON.parse(text)`
 * @throws InvalidArgumentError when `committed` is no such description
 *
 * @example
 * ```ts
 * const changes = compareEventSchemas(committed, eventSchemasOf([accountEvents]));
 * if (changes.some(({ breaking }) => breaking)) process.exitCode = 1;
 * ```
 */
export function compareEventSchemas(committed: unknown, defined: EventSchemas): readonly EventSchemaChange[] {
  const before = eventsIn('committed', committed);
  const after = eventsIn('defined', defined);
  const changes = [...before].flatMap(([type, event]) => {
    const now = after.get(type);
    return now === undefined ? [removed(type, event, before, after)] : changesOf(type, event, now);
  });
  const added = [...after.keys()]
    .filter((type) => !before.has(type))
    .map((type) => harmless(type, 'event added'));
  return [...changes, ...added];
}

function changesOf(
  type: string,
  before: DescribedEvent,
  after: DescribedEvent,
): readonly EventSchemaChange[] {
  const changes: EventSchemaChange[] = [];
  if (after.schemaVersion < before.schemaVersion) {
    const change = `version lowered from ${before.schemaVersion} to ${after.schemaVersion}`;
    const fix = `keep the schemas of all versions in schemaVersions(...): events of version ${before.schemaVersion} may be stored`;
    changes.push({ type, schemaVersion: undefined, path: '', breaking: true, change, fix });
  }
  if (after.schemaVersion > before.schemaVersion)
    changes.push(harmless(type, `version ${after.schemaVersion} added`));
  const [wrote, writes] = [before, after].map(({ written, schemaVersion }) => written ?? schemaVersion);
  if (wrote !== writes && after.schemaVersion === before.schemaVersion)
    changes.push(harmless(type, `version ${writes} is written instead of ${wrote}`));
  if (canonicalJson(before.readAs ?? null) !== canonicalJson(after.readAs ?? null))
    changes.push(harmless(type, readAsChange(after)));
  for (const [version, { schema, notCompared }] of Object.entries(before.versions)) {
    const now = after.versions[version];
    if (now === undefined) continue;
    const schemaVersion = Number(version);
    for (const change of uncomparedChanges(notCompared, now.notCompared))
      changes.push({ ...harmless(type, change), schemaVersion });
    for (const { path, effect, change } of compareSchemas(schema, now.schema)) {
      const breaking = effect === 'narrower' || effect === 'different';
      const fix = breaking ? fixOf(schemaVersion, after) : undefined;
      changes.push({ type, schemaVersion, path, breaking, change, fix });
    }
  }
  return changes;
}

function uncomparedChanges(before: readonly string[] = [], after: readonly string[] = []): readonly string[] {
  return [
    ...after.filter((one) => !before.includes(one)).map((one) => `${one} added, which is not compared`),
    ...before.filter((one) => !after.includes(one)).map((one) => `${one} removed, which is not compared`),
  ];
}

function fixOf(version: number, { schemaVersion }: DescribedEvent): string {
  return version < schemaVersion
    ? `restore the schema of version ${version}: events are stored under it, and the upcast from it expects them`
    : `restore the schema of version ${version}, and add the new one as version ${version + 1}: schemaVersions(...).next(schema, upcast)`;
}

function readAsChange({ readAs }: DescribedEvent): string {
  if (readAs === undefined) return 'not retired any more';
  return `retired, and read as ${readAs.length === 0 ? 'nothing' : readAs.join(' and ')}`;
}

function removed(
  type: string,
  event: DescribedEvent,
  before: ReadonlyMap<string, DescribedEvent>,
  after: ReadonlyMap<string, DescribedEvent>,
): EventSchemaChange {
  const schema = newestSchemaOf(event);
  const renamed = [...after].find(
    ([name, other]) => !before.has(name) && newestSchemaOf(other) === schema,
  )?.[0];
  const name = type.slice(type.indexOf('.') + 1);
  const target = renamed?.slice(renamed.indexOf('.') + 1);
  const readAs = target === undefined ? '[...]' : `['${target}'], upcast: (data, to) => to.${target}(data)`;
  return {
    type,
    schemaVersion: undefined,
    path: '',
    breaking: true,
    change:
      renamed === undefined
        ? 'event removed, and not retired'
        : `event renamed to ${renamed}, and not retired`,
    fix: `stored events cannot be read any more; retire it: defineEvents(..., { retired: { ${name}: { schema, readAs: ${readAs} } } })`,
  };
}

function newestSchemaOf({ versions, schemaVersion }: DescribedEvent): string | undefined {
  return canonicalJson(versions[String(schemaVersion)]?.schema);
}

function harmless(type: string, change: string): EventSchemaChange {
  return { type, schemaVersion: undefined, path: '', breaking: false, change, fix: undefined };
}

/** The events of a description, by type. */
function eventsIn(argument: string, given: unknown): ReadonlyMap<string, DescribedEvent> {
  const { format, events } = copied(given);
  if (format === 1 && isObject(events) && Object.values(events).every(isDescribedEvent))
    return new Map(Object.entries(events as EventSchemas['events']));
  throw InvalidArgumentError.not('a description of events, made by eventSchemasOf(...)', argument, given);
}

/** As JSON keeps it; empty for what is no JSON. */
function copied(given: unknown): { readonly format?: unknown; readonly events?: unknown } {
  try {
    const copy = JSON.parse(JSON.stringify(given)) as unknown;
    return isObject(copy) ? copy : {};
  } catch {
    return {};
  }
}

function isDescribedEvent(event: unknown): boolean {
  if (!isObject(event) || !isObject(event['versions']) || !isListOrNone(event['readAs'])) return false;
  const versions = Object.values(event['versions']);
  return (
    Number.isSafeInteger(event['schemaVersion']) &&
    versions.every(
      (version) => isObject(version) && isObject(version['schema']) && isListOrNone(version['notCompared']),
    )
  );
}

function isListOrNone(value: unknown): boolean {
  return value === undefined || Array.isArray(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
