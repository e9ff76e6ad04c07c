import type { JsonObject } from '../event/json.ts';
import { asSchema } from './json-schema.ts';

/** The name of its type, for people too. */
export function typeOf(schema: JsonObject): string {
  if ('const' in schema) return typeOfValue(schema['const']);
  return typeof schema['type'] === 'string' ? schema['type'] : 'a combination';
}

function typeOfValue(value: unknown): string {
  if (value === null) return 'null';
  if (Number.isInteger(value)) return 'integer';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** Alternatives of one kind are versions of each other: of one type, and with the same constant fields. */
export function kindOf(schema: JsonObject): string {
  if ('const' in schema) return `value ${JSON.stringify(schema['const'])}`;
  return `${typeOf(schema)} ${JSON.stringify(constantsOf(schema))}`;
}

function constantsOf(schema: JsonObject): readonly (readonly [string, unknown])[] {
  return Object.entries(asSchema(schema['properties']))
    .filter(([, property]) => 'const' in asSchema(property))
    .map(([name, property]) => [name, asSchema(property)['const']]);
}

/** The schema in a few words. */
export function describe(schema: JsonObject): string {
  if ('const' in schema) return `value ${JSON.stringify(schema['const'])}`;
  const constants = constantsOf(schema).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return constants.length === 0 ? typeOf(schema) : `${typeOf(schema)} with ${constants.join(' and ')}`;
}
