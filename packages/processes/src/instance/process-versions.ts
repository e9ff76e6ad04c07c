import {
  type AnyEventGroup,
  type AnyProcess,
  DuplicateDefinitionError,
  InvalidArgumentError,
  type JsonValue,
  ProcessVersionMissingError,
} from '@leftfold/core';
import { holds, notDefinition } from '@leftfold/core/input';
import { hashOf } from '@leftfold/subscriptions';

/** All versions of one process that an app has. */
export class ProcessVersions {
  readonly name: string;
  /** New instances begin with it. */
  readonly newest: AnyProcess;
  /** Newest first. */
  readonly all: readonly AnyProcess[];
  /** All events in its streams. */
  readonly events: AnyEventGroup;
  readonly #byVersion: ReadonlyMap<number, AnyProcess>;
  readonly #hashes = new Map<AnyProcess, string>();

  /** @param versions of one name, at least one */
  constructor(versions: readonly AnyProcess[]) {
    this.all = versions.toSorted((one, other) => other.version - one.version);
    this.newest = this.all[0]!;
    this.name = this.newest.name;
    this.events = eventsOf(this.all);
    this.#byVersion = new Map(this.all.map((one) => [one.version, one]));
  }

  /** Undefined for a version that this app does not have. */
  find(version: number): AnyProcess | undefined {
    return this.#byVersion.get(version);
  }

  /** @throws ProcessVersionMissingError */
  of(version: number): AnyProcess {
    const found = this.find(version);
    if (found !== undefined) return found;
    throw new ProcessVersionMissingError(this.name, version, [...this.#byVersion.keys()]);
  }

  /** The event types that any version reads. */
  get eventTypes(): readonly string[] {
    return [...new Set(this.all.flatMap(({ eventTypes }) => eventTypes))];
  }

  /** The types of the framework's events in its streams. */
  get ownTypes(): readonly string[] {
    const { own, published } = this.newest;
    return own.definitions.filter((one) => !published.definitions.includes(one)).map(({ type }) => type);
  }

  /** Recorded with the instances that begin with a version: the code that it had then. */
  hashOf(definition: AnyProcess): string {
    const known = this.#hashes.get(definition);
    if (known !== undefined) return known;
    const { version, eventTypes, starts, deadlines, code, initialState } = definition;
    // Sound: JSON has to keep a state.
    const hash = hashOf([version, eventTypes, starts, deadlines, code, initialState as JsonValue]);
    this.#hashes.set(definition, hash);
    return hash;
  }
}

/** The events of the newest version, and those that only older versions publish. */
function eventsOf(newestFirst: readonly AnyProcess[]): AnyEventGroup {
  const definitions = new Map<string, AnyEventGroup['definitions'][number]>();
  const create: Record<string, AnyEventGroup['create'][string]> = {};
  for (const { own } of newestFirst) {
    for (const definition of own.definitions)
      if (!definitions.has(definition.type)) definitions.set(definition.type, definition);
    for (const [name, make] of Object.entries(own.create)) create[name] ??= make;
  }
  return { category: newestFirst[0]!.name, definitions: [...definitions.values()], retired: [], create };
}

/**
 * The versions of each process, in the order of their first one.
 *
 * @throws DuplicateDefinitionError when two have the same name and version
 */
export function versionsOf(processes: readonly AnyProcess[]): readonly ProcessVersions[] {
  const byName = new Map<string, AnyProcess[]>();
  for (const process of processes) {
    const ofName = byName.get(process.name) ?? [];
    if (ofName.some(({ version }) => version === process.version))
      throw new DuplicateDefinitionError('process', process.name, { version: process.version });
    byName.set(process.name, [...ofName, process]);
  }
  return [...byName.values()].map((versions) => new ProcessVersions(versions));
}

/** The newest version of each process. */
export function newestOf(processes: readonly AnyProcess[]): readonly AnyProcess[] {
  return versionsOf(processes).map(({ newest }) => newest);
}

/** @throws InvalidArgumentError when a value was not made by `defineProcess` */
export function assertProcess(argument: string, value: unknown): asserts value is AnyProcess {
  const given = value as AnyProcess;
  if (holds(() => given.kind === 'process' && typeof given.react === 'function')) return;
  throw notDefinition('a process, made by defineProcess(...)', argument, value);
}

/** @throws InvalidArgumentError when an aggregate has the streams of a process */
export function assertNoAggregateOf(
  processes: readonly AnyProcess[],
  aggregates: readonly { readonly name: string }[],
): void {
  const both = processes.find(({ name }) => aggregates.some((aggregate) => aggregate.name === name));
  if (both !== undefined)
    throw new InvalidArgumentError(
      'processes',
      `has process "${both.name}", and there is an aggregate of this name: both would have the streams "${both.name}-<id>"; rename one`,
    );
}
