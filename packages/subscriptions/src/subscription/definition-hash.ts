import { createHash } from 'node:crypto';
import type { JsonValue } from '@leftfold/core';

/** What a subscription's definition declares, by what it concerns: event types, columns … */
export type DeclaredDefinition = Readonly<Record<string, JsonValue>>;

/** A short hash of JSON. Members of objects may be in any order, elements of arrays may not. */
export function hashOf(value: JsonValue): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 16);
}

function canonicalJson(value: JsonValue): string {
  return JSON.stringify(value, (_, member: unknown) =>
    isObject(member) ? Object.fromEntries(Object.entries(member).toSorted(byName)) : member,
  );
}

const byName = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]) =>
  one < other ? -1 : 1;

/** The differences between a definition in the database and one of this process, one line each. */
export function differencesBetween(stored: JsonValue, declared: JsonValue, path = ''): readonly string[] {
  if (isObject(stored) && isObject(declared)) {
    const names = new Set([...Object.keys(stored), ...Object.keys(declared)]);
    return [...names].flatMap((name) =>
      differencesBetween(
        stored[name] ?? null,
        declared[name] ?? null,
        path === '' ? name : `${path} ${name}`,
      ),
    );
  }
  const [before, after] = [canonicalJson(stored), canonicalJson(declared)];
  if (before === after) return [];
  if (stored === null) return [`${path} is new: ${after}`];
  if (declared === null) return [`${path} is not defined any more: ${before}`];
  return [`${path} is ${before}, defined as ${after}`];
}

function isObject(value: unknown): value is Readonly<Record<string, JsonValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
