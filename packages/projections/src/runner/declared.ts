import { type AnyProjection, type JsonValue, storedTypesOf } from '@leftfold/core';
import { declaredDefinition, hashOf, type SubscriptionDefinition } from '@leftfold/subscriptions';

/**
 * What a projection declares, and the text of its functions.
 *
 * Its event types are those under which the events that it reads are stored: retired ones too, with what they are read as.
 * The mode is left out: appends and runners write the same rows. So are indexes: a missing one is created.
 */
export function declaredBy(
  projection: AnyProjection,
): Pick<SubscriptionDefinition, 'eventTypes' | 'declared' | 'code'> {
  const tables = Object.fromEntries(
    projection.tables.map(({ name, columns, primaryKey }) => [name, { columns, key: primaryKey }]),
  );
  const { kind, events } = projection;
  const eventTypes = storedTypesOf(events, projection.eventTypes);
  const readAs = readAsOf(projection);
  const declared = {
    kind,
    tables,
    ...(kind === 'table' && { initialRow: asJson(projection.initialRow) }),
    ...(Object.keys(readAs).length > 0 && { readAs }),
  };
  const upcasts = events.flatMap(({ definitions, retired }) =>
    [...definitions, ...retired].flatMap(({ code }) => code),
  );
  return { eventTypes, declared, code: [...projection.code, ...upcasts] };
}

/** The events of the projection that retired ones are read as, by the type of the retired one. */
function readAsOf({ events, eventTypes }: AnyProjection): Readonly<Record<string, readonly string[]>> {
  const retired = events.flatMap((group) => group.retired);
  const targets = retired.map(({ type, targets: all }): [string, readonly string[]] => [
    type,
    [...all.values()].map((target) => target.type).filter((target) => eventTypes.includes(target)),
  ]);
  return Object.fromEntries(targets.filter(([, types]) => types.length > 0));
}

/** Tells whether two processes define a version of a projection in the same way. */
export function definitionHashOf(projection: AnyProjection): string {
  return hashOf(declaredDefinition(declaredBy(projection)));
}

function asJson(row: object): JsonValue {
  return JSON.parse(JSON.stringify(row)) as JsonValue;
}
