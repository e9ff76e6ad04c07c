import type { z } from 'zod';
import { assertGivenFunction, assertSchema } from '../input/assert-definition.ts';
import type { JsonValue } from './json.ts';
import { sourceOf } from '../input/source-of.ts';

/** A zod schema whose output JSON keeps unchanged. */
export type EventSchema = z.ZodType<JsonValue>;

/** One step of an upcast: turns a payload into the next version, which is parsed by the next schema. */
export interface UpcastStep {
  readonly convert: (data: JsonValue) => unknown;
  readonly schema: EventSchema;
}

/** The schema version under which new events are stored. */
export interface WrittenVersion<TData extends JsonValue = JsonValue, TInput = unknown> {
  readonly schemaVersion: number;
  readonly schema: z.ZodType<TData, TInput>;
}

/**
 * The schemas of one payload, oldest first. An event that was stored under an older schema is read as the newest.
 *
 * `schemaVersion` is the number of schemas. Do not edit a schema that events were stored under: add the next one.
 */
export class SchemaVersions<
  TData extends JsonValue,
  TInput,
  TWritten extends WrittenVersion | undefined = undefined,
> {
  readonly schemaVersion: number;
  readonly schema: z.ZodType<TData, TInput>;
  /** The version that is written; undefined when it is the newest one. */
  readonly writtenVersion: TWritten;
  /** The schema of version 1. */
  readonly first: EventSchema;
  /** `steps[n - 1]` turns version n into version n + 1. */
  readonly steps: readonly UpcastStep[];
  /** Source text of each step, as it was given. */
  readonly code: readonly string[];

  /** @internal start with {@link schemaVersions} */
  constructor(
    schema: z.ZodType<TData, TInput>,
    {
      first,
      steps,
      code,
      writtenVersion,
    }: Pick<SchemaVersions<TData, TInput, TWritten>, 'first' | 'steps' | 'code' | 'writtenVersion'>,
  ) {
    this.schema = schema;
    this.first = first;
    this.writtenVersion = writtenVersion;
    this.steps = steps;
    this.code = code;
    this.schemaVersion = steps.length + 1;
  }

  /**
   * Adds the next schema, and the step that turns the previous payload into the next one.
   *
   * @param step pure: it runs on every read of an old event. Its result is parsed by `schema`, so defaults apply.
   */
  next<TNextData extends JsonValue, TNextInput>(
    schema: z.ZodType<TNextData, TNextInput>,
    step: (data: TData) => NoInfer<TNextInput>,
  ): SchemaVersions<TNextData, TNextInput, TWritten> {
    assertSchema('schema', schema);
    assertGivenFunction('step', step);
    // Sound: each step gets a payload that the previous schema parsed, and JSON left it unchanged.
    const convert = (data: JsonValue) => step(data as TData);
    return new SchemaVersions(schema, {
      first: this.first,
      steps: [...this.steps, { convert, schema }],
      code: [...this.code, sourceOf(step)],
      writtenVersion: this.writtenVersion,
    });
  }

  /**
   * Goes on writing this version, while the versions added after it are read already.
   *
   * A release with it can be deployed beside a release that does not know the newer versions, and before one that writes
   * them. Creators take this version; `evolve`, projections and results have the newest.
   *
   * @example
   * ```ts
   * const opened = schemaVersions(z.object({ name: z.string() }))
   *   .written() // the next release removes this line
   *   .next(z.object({ owner: z.string() }), ({ name }) => ({ owner: name }));
   * ```
   */
  written(): SchemaVersions<TData, TInput, WrittenVersion<TData, TInput>> {
    const { schema, schemaVersion, first, steps, code } = this;
    return new SchemaVersions(schema, { first, steps, code, writtenVersion: { schema, schemaVersion } });
  }
}

/**
 * Starts the history of a payload with the schema of version 1.
 *
 * @example
 * ```ts
 * const opened = schemaVersions(z.object({ name: z.string() }))
 *   .next(z.object({ owner: z.string() }), ({ name }) => ({ owner: name }));
 * export const accountEvents = defineEvents('account', { opened });
 * ```
 */
export function schemaVersions<TData extends JsonValue, TInput>(
  schema: z.ZodType<TData, TInput>,
): SchemaVersions<TData, TInput> {
  assertSchema('schema', schema);
  return new SchemaVersions(schema, { first: schema, steps: [], code: [], writtenVersion: undefined });
}
