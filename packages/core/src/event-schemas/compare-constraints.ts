import type { JsonObject, JsonValue } from '../event/json.ts';
import type { SchemaChange, SchemaEffect } from './schema-change.ts';
import { canonicalJson } from './json-schema.ts';

/** Keywords with a number: whether a greater one accepts more. */
const bounds: Readonly<Record<string, boolean>> = {
  minimum: false,
  exclusiveMinimum: false,
  maximum: true,
  exclusiveMaximum: true,
  minLength: false,
  maxLength: true,
  minItems: false,
  maxItems: true,
  minProperties: false,
  maxProperties: true,
};

/** Compared elsewhere, or of no effect on what is accepted. */
const others = new Set([
  '$defs',
  'additionalProperties',
  'const',
  'items',
  'prefixItems',
  'properties',
  'required',
  'type',
]);

/** The differences between all that two schemas of one type say beside fields and elements. */
export function constraintChanges(
  before: JsonObject,
  after: JsonObject,
  path: string,
): readonly SchemaChange[] {
  const keywords = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keywords]
    .filter(
      (keyword) => !others.has(keyword) && canonicalJson(before[keyword]) !== canonicalJson(after[keyword]),
    )
    .map((keyword): SchemaChange => {
      const [was, is] = [before[keyword], after[keyword]];
      return { path, effect: effectOf(keyword, was, is), change: `${keyword} ${changed(was, is)}` };
    });
}

function effectOf(keyword: string, was: JsonValue | undefined, is: JsonValue | undefined): SchemaEffect {
  if (keyword === 'default') return 'same';
  if (is === undefined) return 'wider';
  if (was === undefined) return 'narrower';
  const isUpper = bounds[keyword];
  if (isUpper === undefined || typeof is !== 'number' || typeof was !== 'number') return 'different';
  return isUpper === is < was ? 'narrower' : 'wider';
}

function changed(was: JsonValue | undefined, is: JsonValue | undefined): string {
  if (was === undefined) return `${JSON.stringify(is)} added`;
  if (is === undefined) return `${JSON.stringify(was)} removed`;
  return `changed from ${JSON.stringify(was)} to ${JSON.stringify(is)}`;
}
