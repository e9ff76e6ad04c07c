import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { InvalidDefinitionError, InvalidNameError } from '../errors/definition-errors.ts';
import { assertOneOf, assertWhole } from '../input/assert-argument.ts';
import {
  assertEach,
  assertFunction,
  assertGiven,
  assertGivenFunction,
  assertMembers,
} from '../input/assert-definition.ts';
import { reading } from '../input/reading.ts';
import { assertCategory, assertMemberName } from '../naming/names.ts';
import { toRetryPolicy, type RetryOptions } from '../retry/retry-policy.ts';
import type { SagaPlan, SagaStep, SagaStepKind } from './saga-plan.ts';

const optionNames = {
  events: true,
  messages: true,
  publishes: true,
  version: true,
  startedBy: true,
  cancelledBy: true,
  correlate: true,
  compensationRetry: true,
  ended: true,
  concurrency: true,
  slices: true,
  start: true,
  onFailure: true,
  retry: true,
  timeoutMs: true,
} as const;
const stepNames = { run: true, answers: true, compensate: true, retry: true, timeoutMs: true } as const;
const answerNames = { done: true, refused: true } as const;

/** Its deadlines are named by it, and have at most 100 characters. */
const MOST_STEP_NAME = 80;
/** A hundred years, as of every deadline. */
const MOST_MS = 100 * 366 * 24 * 60 * 60 * 1_000;

/** Of what the process does not check. @throws InvalidNameError, InvalidArgumentError, InvalidDefinitionError */
export function assertSagaOptions(
  name: string,
  options: { readonly [TName in keyof typeof optionNames]?: unknown },
): void {
  assertCategory(name);
  assertGiven('options', options, optionNames);
  const { startedBy, cancelledBy, correlate, messages, ended } = options;
  if (typeof startedBy !== 'string') throw InvalidArgumentError.not('an event type', 'startedBy', startedBy);
  assertMembers('correlate', correlate, 'an object with functions by event', assertFunction);
  if (!Object.hasOwn(correlate, startedBy) || correlate[startedBy] === undefined)
    throw new InvalidDefinitionError(
      `saga "${name}" is started by "${startedBy}", and correlate has no function for it, which names the instance; add one`,
    );
  assertCancelledBy(name, startedBy, cancelledBy, answersOf({ messages, correlate }));
  assertFunction('ended', ended);
}

/** The types of what a saga reads, without those of its own inputs. */
export function answersOf({
  messages,
  correlate,
}: {
  readonly messages?: unknown;
  readonly correlate: object;
}): readonly string[] {
  const read = Object.entries(correlate).flatMap(([type, one]) => (one === undefined ? [] : [type]));
  // What is no object is refused with the options of the process.
  return [...read, ...reading('messages', () => Object.keys(messages ?? {}))];
}

function assertCancelledBy(name: string, startedBy: string, given: unknown, known: readonly string[]): void {
  if (given === undefined) return;
  assertEach('cancelledBy', given, (part, type) => {
    assertOneOf(`${part} of saga "${name}"`, type ?? null, known);
    if (type === startedBy)
      throw new InvalidDefinitionError(
        `saga "${name}" is started by "${startedBy}", and cancelledBy has it too; one type says one thing`,
      );
  });
}

/**
 * The plan with one more step.
 *
 * @param answers the types that can answer a step
 * @throws InvalidNameError, InvalidArgumentError, InvalidDefinitionError
 */
export function withStep(
  plan: SagaPlan,
  kind: SagaStepKind,
  name: string,
  options: { readonly [TName in keyof typeof stepNames]?: unknown },
  answers: readonly string[],
): SagaPlan {
  assertMemberName('step name', name);
  if (name.length > MOST_STEP_NAME)
    throw new InvalidNameError(
      'step name',
      name,
      `is too long: at most ${MOST_STEP_NAME} characters are allowed`,
    );
  const of = `step "${name}" of saga "${plan.name}"`;
  const refuse = (problem: string) => new InvalidDefinitionError(`${of} ${problem}`);
  if (plan.steps.some((step) => step.name === name))
    throw refuse('was added before; name one of both otherwise');
  const pivot = plan.steps.find((step) => step.kind === 'pivot');
  if (kind === 'pivot' && pivot !== undefined)
    throw refuse(`is a second pivot, and "${pivot.name}" is one; only one step decides`);
  assertGiven('options', options, stepNames);
  const { run, compensate, timeoutMs } = options;
  assertGivenFunction(`run of ${of}`, run);
  assertFunction(`compensate of ${of}`, compensate);
  assertWhole(`timeoutMs of ${of}`, timeoutMs, { least: 1, most: MOST_MS });
  if (compensate !== undefined && kind !== 'compensatable')
    throw refuse(
      'cannot have compensate: from the pivot on a saga only goes forward; put the step before the pivot, or leave compensate out',
    );
  const { done, refused } = givenAnswers(plan, of, options.answers, answers);
  if (timeoutMs !== undefined && kind !== 'compensatable' && done.length === 0)
    throw refuse(
      'cannot have timeoutMs: it would repeat a command that is still to be answered, as every command of the app is; leave it out, or give the step answers',
    );
  const step: SagaStep = {
    name,
    kind,
    // Sound: it is called with its scope, and what it returns is checked.
    run: run as SagaStep['run'],
    compensate: compensate as SagaStep['compensate'],
    done,
    refused,
    retry: retryOf(kind, of, options.retry as RetryOptions | false | undefined),
    timeoutMs: timeoutMs as number | undefined,
  };
  return { ...plan, steps: [...plan.steps, step] };
}

function retryOf(kind: SagaStepKind, of: string, retry: RetryOptions | false | undefined) {
  const isRetriable = kind === 'retriable';
  if (isRetriable && (retry === false || retry?.attempts !== undefined))
    throw new InvalidDefinitionError(
      `${of} is behind the pivot, so it is repeated until it succeeds: retry takes firstDelayMs and maxDelayMs only`,
    );
  const attempts = isRetriable ? Number.POSITIVE_INFINITY : retry === undefined ? 1 : 5;
  return toRetryPolicy(retry, { attempts, firstDelayMs: 1_000, maxDelayMs: 60_000 });
}

function givenAnswers(plan: SagaPlan, of: string, given: unknown, known: readonly string[]) {
  if (given === undefined) return { done: [], refused: [] };
  assertGiven(`answers of ${of}`, given, answerNames);
  const { done, refused = [] } = given as {
    readonly done?: readonly string[];
    readonly refused?: readonly string[];
  };
  const before = plan.steps.flatMap((step) => [...step.done, ...step.refused]);
  const taken = [plan.startedBy, ...plan.cancelledBy, ...before];
  for (const [argument, types] of [
    ['answers.done', done],
    ['answers.refused', refused],
  ] as const)
    assertEach(argument, types, (part, type) => {
      assertOneOf(`${part} of ${of}`, type ?? null, known);
      if (taken.includes(type as string))
        throw new InvalidDefinitionError(
          `${of} is answered by "${String(type)}", which starts the saga, cancels it or answers before; one type says one thing`,
        );
      taken.push(type as string);
    });
  if (done!.length > 0) return { done: done!, refused };
  throw new InvalidDefinitionError(`${of} has no answers.done, so that it would never succeed; name a type`);
}
