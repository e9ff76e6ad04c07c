import { checkedDecision } from '../aggregate/decided.ts';
import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { shownName } from '../errors/shown.ts';
import type { AnyEventGroup } from '../event/define-events.ts';
import type { EventDefinition } from '../event/event-definition.ts';
import type { NewEvent } from '../event/event.ts';
import { parsePayload } from '../event/parse-payload.ts';
import { tagsOfPayload } from '../event/tagged-shape.ts';
import { ValidatedEvent } from '../event/validated-event.ts';
import { streamIdOf } from '../naming/stream-id.ts';
import type { Emitter } from './emitter.ts';
import { isAggregateRead, type ReadsByRole } from './reads.ts';

/** A new event of a decision, and where it belongs. */
export interface DecidedEvent {
  readonly event: NewEvent;
  readonly streamId: string;
  /** True for the stream of an aggregate that it reads, or one named by the tag whose key is the category. */
  readonly named: boolean;
}

/**
 * Gives each event of a decision its stream: that of the aggregate whose role it was made for; otherwise
 * `<category>-<value>` of the tag whose key is the category, or else of its first tag; without a tag, `<category>-<command id>`.
 *
 * @param decided what `decide` returned: no rejection
 * @throws InvalidDefinitionError when it is neither an event that the decision may emit, nor a list of them, or when it may
 * belong to several roles
 */
export function decidedEvents(
  name: string,
  decided: unknown,
  {
    reads,
    groups,
    emitter,
    commandId,
  }: { reads: ReadsByRole; groups: readonly AnyEventGroup[]; emitter: Emitter; commandId: string },
): readonly DecidedEvent[] {
  const aggregates = Object.entries(reads).flatMap(([role, read]) =>
    isAggregateRead(read) ? [{ role, ...read }] : [],
  );
  const own = [...aggregates.map(({ aggregate }) => aggregate.events), ...groups];
  const checked = checkedDecision(`decision "${name}"`, decided, {
    groups: own,
    owner: `the events of decision "${name}"`,
    fix: 'name its group in events, or read its aggregate',
  }) as NewEvent | readonly NewEvent[];
  return listOf(checked).map((event) => {
    const made = emitter.roleOf(event);
    const { category, definition } = definitionOf(event, own);
    const candidates = aggregates.filter(({ aggregate }) => aggregate.events.category === category);
    const role = made ?? candidates[0]?.role;
    if (made === undefined && candidates.length > 1)
      throw new InvalidDefinitionError(
        `decide of decision "${name}" returned event ${shownName(event.type)} without saying whose it is; make it with ${candidates.map((candidate) => `emit.${candidate.role}`).join(' or ')}`,
      );
    const aggregate = aggregates.find((candidate) => candidate.role === role);
    if (aggregate !== undefined)
      return { event, streamId: aggregate.aggregate.streamId(aggregate.id), named: true };
    const tag = namingTag(category, definition, event);
    const value = tag?.slice(tag.indexOf(':') + 1) ?? commandId;
    return {
      event,
      streamId: streamIdOf(category, value),
      named: tag?.startsWith(`${category}:`) === true,
    };
  });
}

function listOf(decided: NewEvent | readonly NewEvent[]): readonly NewEvent[] {
  return 'type' in decided ? [decided] : decided;
}

function definitionOf(
  { type }: NewEvent,
  groups: readonly AnyEventGroup[],
): { readonly category: string; readonly definition: EventDefinition } {
  for (const { category, definitions } of groups) {
    const definition = definitions.find((known) => known.type === type);
    if (definition !== undefined) return { category, definition };
  }
  throw new InvalidDefinitionError(`event ${shownName(type)} has no definition here`);
}

/** The tag whose key is the category, or else the first one. */
function namingTag(category: string, definition: EventDefinition, event: NewEvent): string | undefined {
  if (definition.tags === undefined) return undefined;
  const { type, data } = event;
  const parsed = ValidatedEvent.isOf(definition, event) ? data : parsePayload(type, definition.written, data);
  const tags = tagsOfPayload(type, definition.tags, parsed);
  return tags.find((each) => each.startsWith(`${category}:`)) ?? tags[0];
}
