import type { JsonObject } from '../event/json.ts';
import { constraintChanges } from './compare-constraints.ts';
import { compareLists } from './compare-lists.ts';
import { compareObjects } from './compare-objects.ts';
import { describe, kindOf, typeOf } from './describe-schema.ts';
import { alternativesOf, canonicalJson, isAny, resolved, type SchemaInRoot } from './json-schema.ts';
import type { Compare, SchemaChange } from './schema-change.ts';

/** The differences between two JSON Schemas, as `z.toJSONSchema` makes them. */
export function compareSchemas(before: JsonObject, after: JsonObject): readonly SchemaChange[] {
  // A recursive schema refers to itself: what is being compared already is taken for equal.
  const around = new Set<string>();
  const compare: Compare = (one, other, path) => {
    const references = [one, other].map(({ schema }) => schema['$ref'] ?? null);
    if (references.every((reference) => reference === null)) return compareAt(one, other, path);
    const pair = JSON.stringify(references);
    if (around.has(pair)) return [];
    around.add(pair);
    const changes = compareAt(one, other, path);
    around.delete(pair);
    return changes;
  };
  const compareAt: Compare = (one, other, path) =>
    compareResolved(resolved(one), resolved(other), path, compare);
  return compare({ root: before, schema: before }, { root: after, schema: after }, '');
}

function compareResolved(
  before: SchemaInRoot,
  after: SchemaInRoot,
  path: string,
  compare: Compare,
): readonly SchemaChange[] {
  if (isAny(after.schema))
    return isAny(before.schema) ? [] : [{ path, effect: 'wider', change: 'accepts any value' }];
  if (isAny(before.schema))
    return [{ path, effect: 'narrower', change: `accepted any value, and is ${describe(after.schema)} now` }];
  const [one, ...others] = alternativesOf(before);
  const [only, ...more] = alternativesOf(after);
  if (one !== undefined && only !== undefined && others.length + more.length === 0)
    return compareOne(one, only, path, compare);
  return compareAlternatives(alternativesOf(before), alternativesOf(after), path, compare);
}

/** Each alternative before needs one that accepts all of it. */
function compareAlternatives(
  before: readonly SchemaInRoot[],
  after: readonly SchemaInRoot[],
  path: string,
  compare: Compare,
): readonly SchemaChange[] {
  const changes: SchemaChange[] = [];
  const matched = new Set<SchemaInRoot>();
  for (const one of before) {
    const compared = after.map((other) => ({ other, changes: compareOne(one, other, path, compare) }));
    const best =
      compared.find((candidate) => candidate.changes.length === 0) ??
      compared.find((candidate) =>
        candidate.changes.every(({ effect }) => effect === 'wider' || effect === 'same'),
      ) ??
      onlyOne(compared.filter(({ other }) => kindOf(other.schema) === kindOf(one.schema)));
    if (best !== undefined) {
      matched.add(best.other);
      changes.push(...best.changes);
      continue;
    }
    const narrower =
      'const' in one.schema
        ? []
        : after.filter(({ schema }) => 'const' in schema && typeOf(schema) === typeOf(one.schema));
    for (const other of narrower) matched.add(other);
    const now = narrower.map(({ schema }) => describe(schema)).join(' or ');
    const change = `${describe(one.schema)} ${now === '' ? 'removed' : `narrowed to ${now}`}`;
    changes.push({ path, effect: 'narrower', change });
  }
  const added = after.filter((other) => !matched.has(other));
  return [
    ...changes,
    ...added.map(({ schema }) => ({ path, effect: 'wider' as const, change: `${describe(schema)} added` })),
  ];
}

function onlyOne<TItem>(items: readonly TItem[]): TItem | undefined {
  return items.length === 1 ? items[0] : undefined;
}

function compareOne(
  before: SchemaInRoot,
  after: SchemaInRoot,
  path: string,
  compare: Compare,
): readonly SchemaChange[] {
  const [one, other] = [before.schema, after.schema];
  const [from, to] = [typeOf(one), typeOf(other)];
  if (from !== to && !(from === 'integer' && to === 'number'))
    return [
      {
        path,
        effect: from === 'number' && to === 'integer' ? 'narrower' : 'different',
        change: `type changed from ${from} to ${to}`,
      },
    ];
  if ('const' in other) {
    if ('const' in one && canonicalJson(one['const']) === canonicalJson(other['const'])) return [];
    const effect = 'const' in one ? 'different' : 'narrower';
    return [{ path, effect, change: `${describe(one)} narrowed to ${describe(other)}` }];
  }
  const widened = 'const' in one || from !== to;
  return [
    ...(widened
      ? [{ path, effect: 'wider' as const, change: `${describe(one)} widened to ${describe(other)}` }]
      : []),
    // A value that was the only one has no constraints beside it.
    ...('const' in one ? [] : constraintChanges(one, other, path)),
    ...(from === 'object' ? compareObjects(before, after, path, compare) : []),
    ...(from === 'array' ? compareLists(before, after, path, compare) : []),
  ];
}
