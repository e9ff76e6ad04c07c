import type { AppendCondition, NewEvent } from '@leftfold/core';
import { type QueryForm, queryForms, type Read } from './query-forms.ts';
import type { RecordingStore } from './recording-store.ts';
import { auditEvents } from './school-events.ts';

/** An event, and what its append rests on. */
export interface Conditioned {
  readonly event: NewEvent;
  readonly condition: AppendCondition;
  readonly era: number;
}

/** Reads by the queries of a form, and makes an event that they match. */
export async function readBy(
  store: RecordingStore,
  form: QueryForm,
  tags: readonly [string, string],
): Promise<Conditioned> {
  const queries = queryForms[form](tags);
  const { events, condition, era } = await store.readForDecision(queries);
  let read: Read = { queries, count: 0, last: 0 };
  for await (const { position } of events) read = { ...read, count: read.count + 1, last: position };
  return { event: auditEvents.create.marked({ read: JSON.stringify(read) }, { tags }), condition, era };
}
