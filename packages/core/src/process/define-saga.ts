import type { AnyEventGroup } from '../event/define-events.ts';
import type { EventShapes } from '../event/event-shapes.ts';
import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { sourceOf } from '../input/source-of.ts';
import { toRetryPolicy } from '../retry/retry-policy.ts';
import { answersOf, assertSagaOptions, withStep } from './assert-saga.ts';
import { defineProcess, type Process } from './define-process.ts';
import type { ProcessContext } from './process-options.ts';
import { ownInputTypes, type ProcessMessages, type RecordedInput } from './process-inputs.ts';
import type { Saga, SagaBuilder, SagaStepOutline } from './saga-builder.ts';
import { nextSagaState, whyNotCancelled } from './saga-fold.ts';
import type { SagaInput, SagaOptions } from './saga-options.ts';
import { type SagaOut, sagaOutputs, sagaSummary } from './saga-outputs.ts';
import { deadlinesOf, type SagaPlan, type SagaStep, type SagaStepKind } from './saga-plan.ts';
import { newSaga, type SagaState } from './saga-state.ts';

const defaultCompensationRetry = { attempts: 10, firstDelayMs: 1_000, maxDelayMs: 60_000 };

/**
 * Defines a saga: a list of steps that all succeed, or are taken back. It is a process, and runs as one.
 *
 * Steps run one after another. When one is refused or has no answer in time, the steps that have succeeded, and one whose
 * outcome is unknown, are compensated, the last one first; then the instance is complete, with the phase `compensated`. A
 * compensation that stays rejected makes the instance fail until an operator retries it. From the pivot on there is no way
 * back: the steps behind it are repeated until they succeed.
 *
 * A saga is not isolated: others see what its steps have done before it ends.
 *
 * @param name of the process
 *
 * @example
 * ```ts
 * export const booking = defineSaga('booking', {
 *   events: [tripEvents],
 *   messages: { 'hotel.booked': z.object({ room: z.string() }), 'hotel.full': z.object({}) },
 *   publishes: { hotelRequested: z.object({ tripId: z.string(), city: z.string() }), hotelReleased: z.object({ tripId: z.string() }) },
 *   startedBy: 'trip.requested',
 *   correlate: { 'trip.requested': ({ streamId }) => aggregateIdOf(streamId) },
 * })
 *   .step('flight', {
 *     run: ({ id, input }) => flight.command.reserve(`${id}-flight`, { to: input.city }),
 *     compensate: ({ id }) => flight.command.release(`${id}-flight`, {}),
 *   })
 *   .step('hotel', {
 *     run: ({ id, input }, out) => out.publish.hotelRequested({ tripId: id, city: input.city }),
 *     answers: { done: ['hotel.booked'], refused: ['hotel.full'] },
 *     compensate: ({ id }, out) => out.publish.hotelReleased({ tripId: id }),
 *     timeoutMs: 60_000,
 *   })
 *   .pivot('pay', { run: ({ id, input }) => account.command.withdraw(input.account, { tripId: id, cents: input.cents }) })
 *   .step('ticket', { run: ({ id, results }) => trip.command.confirm(id, { room: results.hotel.room }) })
 *   .build();
 * ```
 *
 * @throws InvalidArgumentError when an option is missing, misspelt, or is none; InvalidDefinitionError when `correlate` has no
 * function for `startedBy`, or `cancelledBy` has it
 */
export function defineSaga<
  const TName extends string,
  const TGroups extends readonly AnyEventGroup[],
  const TStart extends string,
  TMessages extends ProcessMessages = Readonly<Record<never, never>>,
  TPublishes extends EventShapes = Readonly<Record<never, never>>,
>(
  name: TName,
  options: SagaOptions<TGroups, TMessages, TPublishes, TStart>,
): SagaBuilder<
  {
    readonly name: TName;
    readonly groups: TGroups;
    readonly messages: TMessages;
    readonly publishes: TPublishes;
    readonly input: SagaInput<TGroups, TStart>;
  },
  unknown,
  never
> {
  assertSagaOptions(name, options);
  const { startedBy, cancelledBy = [], correlate, compensationRetry, ended, ...others } = options;
  const plan: SagaPlan = {
    name,
    startedBy,
    cancelledBy: [...cancelledBy],
    steps: [],
    compensationRetry: toRetryPolicy(compensationRetry, defaultCompensationRetry),
    // Sound: it is called with what belongs to its type.
    ended: ended as SagaPlan['ended'],
  };
  const processOptions = { ...others, name, correlate, starts: [startedBy] };
  // Sound: the methods are those of both builders, and a wrong order of calls is refused.
  return builderOf(plan, processOptions) as never;
}

interface GivenOptions {
  readonly messages?: ProcessMessages;
  readonly correlate: object;
}

function builderOf(plan: SagaPlan, options: GivenOptions) {
  const adding = (kind: SagaStepKind) => (name: string, given: object) =>
    builderOf(withStep(plan, kind, name, given, answersOf(options)), options);
  const isDecided = plan.steps.some(({ kind }) => kind === 'pivot');
  return {
    step: adding(isDecided ? 'retriable' : 'compensatable'),
    pivot: adding('pivot'),
    build: () => build(plan, options),
  };
}

function build(plan: SagaPlan, options: GivenOptions): Saga {
  const { name, cancelledBy, steps, ended } = plan;
  if (steps.length === 0)
    throw new InvalidDefinitionError(`saga "${name}" has no step; add one: .step('…', { run })`);
  const types = [...answersOf(options), ...ownInputTypes];
  const evolve = (state: SagaState, input: RecordedInput) => nextSagaState(plan, state, input);
  const react = (state: SagaState, input: RecordedInput, out: SagaOut, { id }: ProcessContext) =>
    sagaOutputs({ plan, id, state, input, out });
  const forAll = <THandler>(handler: THandler) => Object.fromEntries(types.map((type) => [type, handler]));
  // Sound: each option was checked here, or is checked there.
  const process = (defineProcess as (given: never) => Process)({
    ...options,
    deadlines: deadlinesOf(steps),
    initialState: newSaga,
    evolve: forAll(evolve),
    react: forAll(react),
    summary: sagaSummary,
  } as never);
  // Sound: the state is one of this saga.
  const cancellable = { whyNotCancelled: (state: unknown) => whyNotCancelled(plan, state as SagaState) };
  const functions = [...steps.flatMap(({ run, compensate }) => [run, compensate]), ended];
  const code = functions.filter((one) => one !== undefined).map(sourceOf);
  const outline = steps.map((step) => outlineOf(step));
  // Another list is another definition, as other steps are.
  const data = [outline, cancelledBy].map((one) => JSON.stringify(one));
  // Sound: names, groups, messages and the state are those of the options.
  return {
    ...process,
    ...cancellable,
    code: [...process.code, ...code, ...data],
    steps: outline,
    cancelledBy,
  } as Saga;
}

function outlineOf({ name, kind, done, refused, timeoutMs, compensate, retry }: SagaStep): SagaStepOutline {
  const compensated = compensate !== undefined;
  return { name, kind, done, refused, timeoutMs, compensated, attempts: retry.attempts };
}
