import type { AnyCommand } from '../aggregate/command.ts';
import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { shownValue } from '../errors/shown.ts';
import type { EventShapes } from '../event/event-shapes.ts';
import { isPromise } from '../fold/next-state.ts';
import { holds } from '../input/holds.ts';
import { retryDelayMs } from '../retry/retry-policy.ts';
import type { RecordedInput } from './process-inputs.ts';
import type { ProcessOut, ProcessOutput, PublishOutput } from './process-outputs.ts';
import { commandNamed, deadlineNamed, type SagaEnd, type SagaPlan, type SagaStep } from './saga-plan.ts';
import { hasSagaEnded, type SagaAction, type SagaState } from './saga-state.ts';

/** Makes the outputs of a saga. */
export type SagaOut = ProcessOut<string, EventShapes, string>;

/** What the last input of an instance has led to. */
export interface SagaMoment {
  readonly plan: SagaPlan;
  /** Of the instance. */
  readonly id: string;
  /** After the input. */
  readonly state: SagaState;
  readonly input: RecordedInput;
  readonly out: SagaOut;
}

/**
 * What follows from the last input of a saga, as outputs of its process.
 *
 * @throws what a function of a step throws; InvalidDefinitionError when it returns something else than it may
 */
export function sagaOutputs(moment: SagaMoment): readonly ProcessOutput[] {
  const { state, out } = moment;
  const outputs = state.next.flatMap((action) => outputsOfAction(moment, action));
  return hasSagaEnded(state) ? [...outputs, ...endOf(moment), out.complete()] : outputs;
}

function outputsOfAction(moment: SagaMoment, action: SagaAction): readonly ProcessOutput[] {
  const { plan, state, out } = moment;
  // Sound: the fold names steps of the plan that were begun.
  const step = plan.steps.find(({ name }) => name === action.step)!;
  const at = state.steps[step.name]!;
  const { compensationRetry } = plan;
  switch (action.do) {
    case 'run':
      return runOf(moment, step);
    case 'compensate':
      return compensationOf(moment, step);
    case 'retry':
      return [out.schedule(deadlineNamed('retry', step.name), after(retryDelayMs(step.retry, at.runs)))];
    case 'retry-compensation':
      return [
        out.schedule(
          deadlineNamed('compensate', step.name),
          after(retryDelayMs(compensationRetry, at.rejections)),
        ),
      ];
    case 'stuck':
      return [out.fail(stuckAt(moment, step))];
    case 'close':
      if (action.timer === 'timeout' && step.timeoutMs === undefined) return [];
      return [out.cancel(deadlineNamed(action.timer, step.name))];
  }
}

const after = (delayMs: number) => ({ afterMs: Math.round(delayMs) });

function runOf(moment: SagaMoment, step: SagaStep): readonly ProcessOutput[] {
  const { plan, state, out } = moment;
  const { name, done, timeoutMs } = step;
  const wanted = wantedBy(moment, step, 'run');
  if (isPublished(wanted) && done.length === 0)
    throw new InvalidDefinitionError(
      `run of step "${name}" of saga "${plan.name}" publishes an event, and nothing answers it; give the step answers: { done: ['…'] }, or return a command`,
    );
  const issued = isPublished(wanted)
    ? wanted
    : out.execute(wanted, { as: commandNamed(name, state.steps[name]!.runs, { compensates: false }) });
  const timeout = deadlineNamed('timeout', name);
  return timeoutMs === undefined ? [issued] : [issued, out.schedule(timeout, { afterMs: timeoutMs })];
}

function compensationOf(moment: SagaMoment, step: SagaStep): readonly ProcessOutput[] {
  const { state, out } = moment;
  const { name } = step;
  const wanted = wantedBy(moment, step, 'compensate');
  // What is published is in the log, from where it reaches the other service: the fold goes on with the next input.
  if (isPublished(wanted)) return [wanted, out.schedule(deadlineNamed('published', name), { afterMs: 0 })];
  const as = commandNamed(name, state.steps[name]!.compensations, { compensates: true });
  return [out.execute(wanted, { as })];
}

/** What a function of a step returned. */
function wantedBy(
  { plan, id, state, out }: SagaMoment,
  step: SagaStep,
  what: 'run' | 'compensate',
): AnyCommand | PublishOutput {
  const { input, steps } = state;
  const known = Object.entries(steps).filter(([, { result }]) => result !== undefined);
  const results = Object.fromEntries(known.map(([name, { result }]) => [name, result]));
  const wanted: unknown = step[what]!({ id, input, results }, { publish: out.publish });
  if (isCommand(wanted) || isPublished(wanted)) return wanted;
  if (isPromise(wanted)) wanted.catch(() => {});
  throw new InvalidDefinitionError(
    `${what} of step "${step.name}" of saga "${plan.name}" returned ${isPromise(wanted) ? 'a promise' : shownValue(wanted)}; return a command, or what out.publish makes`,
  );
}

function isCommand(value: unknown): value is AnyCommand {
  return holds(
    () =>
      typeof value === 'object' &&
      value !== null &&
      ('aggregate' in value || 'decision' in value) &&
      'input' in value,
  );
}

function isPublished(value: unknown): value is PublishOutput {
  return holds(
    () => typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'publish',
  );
}

function endOf({ plan, id, state, out }: SagaMoment): readonly ProcessOutput[] {
  const { input, phase, reason } = state;
  if (plan.ended === undefined) return [];
  const outcome = phase === 'completed' ? 'completed' : 'compensated';
  // Sound: the input is that of the event that started it.
  const end: SagaEnd<never> = { id, input: input as never, outcome, reason };
  const returned = plan.ended(end, { publish: out.publish });
  const list: readonly unknown[] =
    returned === undefined ? [] : Array.isArray(returned) ? returned : [returned];
  for (const one of list) if (isPromise(one)) one.catch(() => {});
  if (list.every(isPublished)) return list;
  throw new InvalidDefinitionError(
    `ended of saga "${plan.name}" returned something else than events that it publishes; return what out.publish makes, a list of these, or nothing`,
  );
}

/** Words for an operator. */
function stuckAt({ plan: { name }, id, state, input }: SagaMoment, step: SagaStep): string {
  const times = state.steps[step.name]!.rejections;
  const { reason = '' } = input;
  return `CompensationStuck: the compensation of step "${step.name}" was rejected ${times} times, last because of "${reason}", and earlier steps wait for it; make it possible, then call app.processes.retry({ name: '${name}' }, ${JSON.stringify(id)}, { reason: '…' })`;
}

/** A line for operators. */
export function sagaSummary({ phase, step, steps, reason, cancelled }: SagaState): string {
  switch (phase) {
    case 'new':
    case 'completed':
      return phase;
    case 'compensated':
      return `compensated: ${reason}`;
    case 'stuck':
    case 'compensating': {
      const open = Object.entries(steps).find(
        ([, { compensation }]) => compensation === 'sent' || compensation === 'waiting',
      );
      return `${phase === 'stuck' ? 'stuck at compensating' : 'compensates'} ${open?.[0] ?? ''}: ${reason}`;
    }
    case 'forward': {
      const { run, runs } = steps[step]!;
      const attempt = runs > 1 ? `, attempt ${runs}` : '';
      const wish = cancelled === '' ? '' : `; to be ${cancelled}`;
      return `${run === 'waiting' ? 'waits to run' : 'runs'} ${step}${attempt}${wish}`;
    }
  }
}
