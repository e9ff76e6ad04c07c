import { createHash } from 'node:crypto';
import type { JsonValue } from '@leftfold/core';

/** Longest line that shows both values of a difference, in characters. */
const MAX_DIFFERENCE = 150;
/** Longest value that a line shows in full, in characters. */
const MAX_VALUE = 60;

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

const CONTINUED = /^continued by version (\d+)$/;

/** The version that goes on in place of an ended one, whose row has this in place of a hash: see `_end_version`. */
export function continuedBy(definitionHash: string): number | undefined {
  const newer = CONTINUED.exec(definitionHash)?.[1];
  return newer === undefined ? undefined : Number(newer);
}

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
  if (stored === null) return [`${path} is new: ${shortened(after)}`];
  if (declared === null) return [`${path} is not defined any more: ${shortened(before)}`];
  const difference = `${path} is ${before}, defined as ${after}`;
  if (difference.length <= MAX_DIFFERENCE) return [difference];
  if (Array.isArray(stored) && Array.isArray(declared)) {
    const missing = elementsBeside(stored, declared);
    const added = elementsBeside(declared, stored);
    if (missing.length > 0 || added.length > 0)
      return [
        ...missing.map((element) => `${path} has ${element}, which is not defined any more`),
        ...added.map((element) => `${path} lacks ${element}`),
      ];
  }
  return [`${path} is ${shortened(before)}, defined as ${shortened(after)}`];
}

/** The elements of an array, as JSON, that another one does not have. */
function elementsBeside(array: readonly JsonValue[], other: readonly JsonValue[]): readonly string[] {
  const others = new Set(other.map(canonicalJson));
  return array
    .map(canonicalJson)
    .filter((element) => !others.has(element))
    .map(shortened);
}

function shortened(json: string): string {
  const text = json.length <= MAX_VALUE ? json : `${json.slice(0, MAX_VALUE)}…`;
  return text.toWellFormed();
}

function isObject(value: unknown): value is Readonly<Record<string, JsonValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
