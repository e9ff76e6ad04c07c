import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { shownText } from '../errors/shown.ts';
import type { AnyEventGroup } from '../event/define-events.ts';
import type { JsonValue } from '../event/json.ts';
import { upcast, upcastRetired } from '../event/upcast.ts';
import { nextState } from '../fold/next-state.ts';

/** The parts of an event that are folded into a state. */
export interface FoldedEvent {
  readonly type: string;
  readonly data: JsonValue;
  /** @default the newest */
  readonly schemaVersion?: number | undefined;
}

/** Folds one event into a state. */
export type FoldEvent<TState> = (state: TState, event: FoldedEvent) => TState;

/**
 * The fold of an aggregate, whose handlers get data of the newest schema version. An event of a retired type is folded as
 * those that it is read as.
 *
 * @param handlers by event name, each for the data of its event
 */
export function foldEventOf<TState>(
  { category, definitions, retired }: AnyEventGroup,
  handlers: Readonly<Record<string, (state: TState, data: never) => TState>>,
): FoldEvent<TState> {
  const byType = new Map(
    definitions.map((definition) => {
      const name = definition.type.slice(category.length + 1);
      return [
        definition.type,
        { definition, handler: Object.hasOwn(handlers, name) ? handlers[name] : undefined },
      ];
    }),
  );
  const retiredByType = new Map(retired.map((definition) => [definition.type, definition]));
  const foldCurrent: FoldEvent<TState> = (state, event) => {
    const { definition, handler } = byType.get(event.type) ?? {};
    if (definition === undefined || handler === undefined)
      throw new InvalidArgumentError(
        'event',
        `of type ${shownText(event.type)} is none of those of aggregate "${category}", so it cannot be folded into its state`,
      );
    const { schemaVersion = definition.schemaVersion } = event;
    const isNewest = schemaVersion === definition.schemaVersion;
    const data = isNewest ? event.data : upcast(definition, { ...event, schemaVersion }).data;
    return nextState(event.type, handler(state, data as never));
  };
  return (state, event) => {
    const definition = retiredByType.get(event.type);
    if (definition === undefined) return foldCurrent(state, event);
    const { schemaVersion = definition.schemaVersion } = event;
    return upcastRetired(definition, { ...event, schemaVersion }).reduce(foldCurrent, state);
  };
}
