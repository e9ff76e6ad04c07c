import type { AnyProjection, JsonValue } from '@leftfold/core';
import { declaredDefinition, hashOf, type SubscriptionDefinition } from '@leftfold/subscriptions';

/**
 * What a projection declares beside its event types, and the text of its functions.
 *
 * The mode is left out: appends and runners write the same rows. So are indexes: a missing one is created.
 */
export function declaredBy(projection: AnyProjection): Pick<SubscriptionDefinition, 'declared' | 'code'> {
  const tables = Object.fromEntries(
    projection.tables.map(({ name, columns, primaryKey }) => [name, { columns, key: primaryKey }]),
  );
  const { kind } = projection;
  const declared =
    kind === 'table' ? { kind, tables, initialRow: asJson(projection.initialRow) } : { kind, tables };
  const upcasts = projection.events.flatMap(({ definitions }) => definitions.flatMap(({ code }) => code));
  return { declared, code: [...projection.code, ...upcasts] };
}

/** Tells whether two processes define a version of a projection in the same way. */
export function definitionHashOf(projection: AnyProjection): string {
  const { declared } = declaredBy(projection);
  return hashOf(declaredDefinition({ eventTypes: projection.eventTypes, declared }));
}

function asJson(row: object): JsonValue {
  return JSON.parse(JSON.stringify(row)) as JsonValue;
}
