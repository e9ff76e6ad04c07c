import { z } from 'zod';
import type { JsonObject, JsonValue } from '../event/json.ts';
import type { EventSchema } from '../event/schema-versions.ts';
import { asSchema } from './json-schema.ts';

/** Versions of JSON Schema: the newest one, and that of AsyncAPI. */
export type SchemaDraft = 'draft-2020-12' | 'draft-07';

/**
 * The JSON Schema of a payload, for those who read it: with descriptions, and open for fields that are added later unless the
 * schema is strict. A refinement, which JSON Schema cannot say, is named in a `$comment` where it stands.
 *
 * Call {@link unsayableIn} first: what has no JSON Schema accepts anything here.
 */
export function publishedSchema(schema: EventSchema, target: SchemaDraft): JsonObject {
  const made = z.toJSONSchema(schema, {
    target,
    io: 'output',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      if (def.type === 'object' && def.catchall === undefined) delete jsonSchema.additionalProperties;
      const isRefined = (def.checks ?? []).some(({ _zod: { def: check } }) => refinements.has(check.check));
      if (isRefined) jsonSchema.$comment = REFINED;
    },
  });
  return asSchema(JSON.parse(JSON.stringify(made)) as JsonValue);
}

/** Checks that JSON Schema does not have, by the word of zod. */
const refinements: ReadonlySet<string> = new Set(['custom', 'property']);
const REFINED = 'limited further by a rule that JSON Schema cannot say';
