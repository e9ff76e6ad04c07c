import {
  type AnyAggregate,
  type AnyCommand,
  type AnyDecision,
  DuplicateDefinitionError,
  InvalidArgumentError,
  InvalidDefinitionError,
  type NewEvent,
  UnknownCommandError,
} from '@leftfold/core';
import { assertWhole } from '@leftfold/core/input';

/** All aggregates and decisions that a command can name. */
export class Registry {
  readonly #aggregates = new Map<string, AnyAggregate>();
  readonly #decisions = new Map<string, AnyDecision>();

  /**
   * @throws DuplicateDefinitionError when two definitions have one name
   * @throws InvalidArgumentError when a snapshot policy's number is not a whole number from 1
   */
  constructor(aggregates: readonly AnyAggregate[], decisions: readonly AnyDecision[]) {
    for (const aggregate of aggregates) this.#addAggregate(aggregate);
    for (const decision of decisions) {
      if (this.#decisions.has(decision.name)) throw new DuplicateDefinitionError('decision', decision.name);
      this.#decisions.set(decision.name, decision);
    }
  }

  /** @throws UnknownCommandError when there is no such aggregate, or it has no such command */
  aggregateOf(name: string, command: string): AnyAggregate {
    const aggregate = this.#aggregates.get(name);
    if (aggregate === undefined || !aggregate.commandNames.includes(command)) {
      throw new UnknownCommandError(`${name}.${command}`, this.#commandNames(aggregate));
    }
    return aggregate;
  }

  /** @throws UnknownCommandError when there is no such decision */
  decision(name: string): AnyDecision {
    const decision = this.#decisions.get(name);
    if (decision === undefined) throw new UnknownCommandError(name, [...this.#decisions.keys()]);
    return decision;
  }

  /** @throws UnknownCommandError when no definition declares this command */
  assertKnown(command: AnyCommand): void {
    if ('decision' in command) this.decision(command.decision);
    else this.aggregateOf(command.aggregate, command.name);
  }

  /**
   * Exactly this definition object: another one with the same name may fold differently.
   *
   * @throws InvalidArgumentError when it was not given
   */
  assertHas(aggregate: AnyAggregate): void {
    if (this.#aggregates.get(aggregate.name) === aggregate) return;
    throw new InvalidArgumentError(
      'aggregate',
      `"${aggregate.name}" is not one of those given in aggregates; pass its definition`,
    );
  }

  /** @throws InvalidDefinitionError when a decision reads an aggregate that was not given: with exactly this definition object */
  assertReadable(decision: string, aggregate: AnyAggregate): void {
    if (this.#aggregates.get(aggregate.name) === aggregate) return;
    throw new InvalidDefinitionError(
      `decision "${decision}" reads aggregate "${aggregate.name}", which is not one of those given in aggregates; pass its definition`,
    );
  }

  /**
   * An event of a category with an aggregate is in a stream of it: any other stream would be that of an aggregate that was not
   * meant.
   *
   * @throws InvalidDefinitionError when its category has an aggregate
   */
  assertOfNoAggregate(decision: string, { type }: NewEvent): void {
    for (const { name, events } of this.#aggregates.values())
      if (type.startsWith(`${events.category}.`))
        throw new InvalidDefinitionError(
          `decide of decision "${decision}" returned event "${type}", which belongs to aggregate "${name}", and nothing says to which; read ${name}.at(id) under a role and make it with that role's functions, or give the event a tag with key "${events.category}"`,
        );
  }

  #addAggregate(aggregate: AnyAggregate): void {
    if (this.#aggregates.has(aggregate.name)) throw new DuplicateDefinitionError('aggregate', aggregate.name);
    assertWhole(`snapshots.everyEvents of "${aggregate.name}"`, aggregate.snapshots?.everyEvents, {
      least: 1,
    });
    this.#aggregates.set(aggregate.name, aggregate);
  }

  /** Suggestions for a misspelt command: the commands of its aggregate, or of all aggregates if that is unknown too. */
  #commandNames(aggregate: AnyAggregate | undefined): readonly string[] {
    const candidates = aggregate === undefined ? [...this.#aggregates.values()] : [aggregate];
    return candidates.flatMap(({ name, commandNames }) =>
      commandNames.map((command) => `${name}.${command}`),
    );
  }
}
