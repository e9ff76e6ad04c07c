import type { z } from 'zod';
import type { JsonValue } from './json.ts';

/** A zod schema whose output survives JSON. */
export type EventSchema = z.ZodType<JsonValue>;

/** One step of an upcast: an older version's payload in, the next version's out, parsed by its schema. */
export type UpcastStep = (data: JsonValue) => JsonValue;

/**
 * The history of one payload's shape, oldest first. What was stored under any of them comes out as the newest.
 *
 * `schemaVersion` is the number of shapes. Never edit a shape that was stored: add the next one.
 */
export class SchemaVersions<TData extends JsonValue, TInput> {
  readonly schemaVersion: number;
  readonly schema: z.ZodType<TData, TInput>;
  /** `steps[n - 1]` turns version n into version n + 1. */
  readonly steps: readonly UpcastStep[];

  /** @internal begin with {@link schemaVersions} */
  constructor(schema: z.ZodType<TData, TInput>, steps: readonly UpcastStep[]) {
    this.schema = schema;
    this.steps = steps;
    this.schemaVersion = steps.length + 1;
  }

  /**
   * Adds the next shape, and how the one before it becomes it.
   *
   * @param step pure: it runs at every read of an old event. Its result is parsed by `schema`, so defaults apply.
   */
  next<TNextData extends JsonValue, TNextInput>(
    schema: z.ZodType<TNextData, TNextInput>,
    step: (data: TData) => NoInfer<TNextInput>,
  ): SchemaVersions<TNextData, TNextInput> {
    // Sound: the chain hands each step only what the schema before it let through, and JSON left that unchanged.
    const parsedStep: UpcastStep = (data) => schema.parse(step(data as TData));
    return new SchemaVersions(schema, [...this.steps, parsedStep]);
  }
}

/** Begins the history of a payload's shape with version 1: `schemaVersions(v1).next(v2, upcast)`. */
export function schemaVersions<TData extends JsonValue, TInput>(
  schema: z.ZodType<TData, TInput>,
): SchemaVersions<TData, TInput> {
  return new SchemaVersions(schema, []);
}
