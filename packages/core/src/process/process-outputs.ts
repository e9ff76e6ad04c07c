import type { AnyCommand } from '../aggregate/command.ts';
import { InvalidArgumentError } from '../errors/argument-errors.ts';
import type { CustomMetadata } from '../event/metadata.ts';
import type { EventInput, EventShapes, ShapePayload } from '../event/event-shapes.ts';
import type { AnyEventGroup } from '../event/define-events.ts';
import type { JsonObject, JsonValue } from '../event/json.ts';
import {
  assertInstant,
  assertObject,
  assertOneOf,
  assertOptions,
  assertPlainObject,
  assertWhole,
} from '../input/assert-argument.ts';
import { assertGiven, assertGivenText, assertText } from '../input/assert-definition.ts';
import { streamIdOf } from '../naming/stream-id.ts';

/** A command that is executed once. */
export interface ExecuteOutput extends JsonObject {
  readonly kind: 'execute';
  readonly command: JsonObject;
  readonly as?: string | undefined;
  readonly metadata?: JsonObject | undefined;
}

/** A deadline that is set, in place of an open one of the same name. */
export interface ScheduleOutput extends JsonObject {
  readonly kind: 'schedule';
  readonly deadline: string;
  /** Milliseconds after the input was recorded, by the clock of the database. */
  readonly afterMs?: number | undefined;
  /** ISO 8601. */
  readonly at?: string | undefined;
  /** The deadline is cancelled by the next input of this type. */
  readonly until?: string | undefined;
}

/** An open deadline that is cancelled. */
export interface CancelOutput extends JsonObject {
  readonly kind: 'cancel';
  readonly deadline: string;
}

/** An event that is appended to the process's own stream, with the input. */
export interface PublishOutput extends JsonObject {
  readonly kind: 'publish';
  readonly event: string;
  readonly data: JsonValue;
}

/** The end of the instance. */
export interface CompleteOutput extends JsonObject {
  readonly kind: 'complete';
}

/** The end of the instance: an operator is needed. */
export interface FailOutput extends JsonObject {
  readonly kind: 'fail';
  readonly reason: string;
}

/** What a process wants done: a plain JSON value, made by the third argument of a function of `react`. */
export type ProcessOutput =
  | ExecuteOutput
  | ScheduleOutput
  | CancelOutput
  | PublishOutput
  | CompleteOutput
  | FailOutput;

/** The result of a function of `react`. */
export type ReactResult = ProcessOutput | readonly ProcessOutput[] | undefined | void;

/** When a deadline is over: milliseconds after the input was recorded, or an instant. One that is past is over at once. */
export type DeadlineTime = { readonly afterMs: number } | { readonly at: Date };

/** Makes the outputs of a process. */
export interface ProcessOut<
  TDeadline extends string,
  TPublishes extends EventShapes,
  TInputType extends string,
> {
  /**
   * Executes a command, once. The commands of one input are executed in their order, also after one that was rejected. When
   * it is rejected, the instance gets the input `rejected`.
   *
   * @param options.as names the command in `rejected` and `accepted`
   * @param options.metadata the app's own fields. @default those of the event that led to the input
   */
  execute(command: AnyCommand, options?: ExecuteOutputOptions): ExecuteOutput;
  /** Sets a deadline, in place of an open one of the same name. */
  schedule(deadline: TDeadline, time: DeadlineTime): ScheduleOutput;
  /** Cancels an open deadline; nothing when it is not open. */
  cancel(deadline: TDeadline): CancelOutput;
  /** Sets a deadline that is cancelled by itself when an input of that type arrives. */
  waitFor(
    inputType: TInputType,
    options: { readonly withinMs: number; readonly deadline: TDeadline },
  ): ScheduleOutput;
  /** Appends an event to the process's own stream: `out.publish.settled({ cents })`. */
  readonly publish: {
    readonly [TName in keyof TPublishes & string]: (
      data: EventInput<ShapePayload<TPublishes[TName]>>,
    ) => PublishOutput;
  };
  /** Ends the instance. Its open deadlines are cancelled, and further inputs are ignored. */
  complete(): CompleteOutput;
  /** Ends the instance as failed, until an operator retries or forks it. */
  fail(reason: string): FailOutput;
}

/** Options of `out.execute`. */
export interface ExecuteOutputOptions {
  readonly as?: string | undefined;
  readonly metadata?: CustomMetadata | undefined;
}

/** What the outputs of a process may name. */
export interface OutputNames {
  readonly process: string;
  readonly deadlines: readonly string[];
  readonly inputTypes: readonly string[];
  readonly published: AnyEventGroup;
}

/** Any deadline is at most a hundred years away: Postgres has an end of time, and a larger number is a mistake. */
const MOST_MS = 100 * 366 * 24 * 60 * 60 * 1_000;

const executeNames = { as: true, metadata: true } as const;
const waitForNames = { withinMs: true, deadline: true } as const;
const timeNames = { afterMs: true, at: true } as const;

/** Makes outputs, and refuses those that a process cannot have. */
export function processOut(names: OutputNames): ProcessOut<string, EventShapes, string> {
  const { process, deadlines, inputTypes, published } = names;
  const assertDeadline = (deadline: unknown) => {
    if (deadlines.length === 0)
      throw new InvalidArgumentError(
        'deadline',
        `is none of process "${process}", which has no deadlines; name it there`,
      );
    assertOneOf(`deadline of process "${process}"`, deadline ?? null, deadlines);
  };
  return {
    execute(command, options = {}) {
      assertCommand(command);
      assertOptions('options', options, executeNames);
      assertText('as', options.as);
      const { as, metadata } = options;
      assertPlainObject('metadata', metadata);
      const own: object = { ...command };
      return {
        kind: 'execute',
        // Sound, or refused when it is recorded: JSON has to keep it.
        command: own as JsonObject,
        ...(as !== undefined && { as }),
        ...(metadata !== undefined && { metadata }),
      };
    },
    schedule(deadline, time) {
      assertDeadline(deadline);
      return { kind: 'schedule', deadline, ...timeOf(time) };
    },
    cancel(deadline) {
      assertDeadline(deadline);
      return { kind: 'cancel', deadline };
    },
    waitFor(inputType, options) {
      assertGiven('options', options, waitForNames);
      const { withinMs, deadline } = options;
      assertOneOf(`input type of process "${process}"`, inputType ?? null, inputTypes);
      assertDeadline(deadline);
      return { kind: 'schedule', deadline, ...timeOf({ afterMs: withinMs }), until: inputType };
    },
    publish: publishersOf(published),
    complete: () => ({ kind: 'complete' }),
    fail(reason) {
      assertGivenText('reason', reason);
      return { kind: 'fail', reason };
    },
  };
}

/** Once it is recorded, it cannot be changed any more. */
function assertCommand(command: AnyCommand): void {
  assertObject('a command', 'command', command, ['input']);
  const { aggregate, id } = command as { readonly aggregate?: unknown; readonly id?: unknown };
  // Sound, or refused.
  if (aggregate !== undefined) streamIdOf(aggregate as string, id as string);
}

/** The same outputs, each of which is added to a list when it is made. */
export function recordedIn(
  made: ProcessOutput[],
  out: ProcessOut<string, EventShapes, string>,
): ProcessOut<string, EventShapes, string> {
  const keep = <TOutput extends ProcessOutput>(output: TOutput): TOutput => {
    made.push(output);
    return output;
  };
  const publishers = Object.entries(out.publish).map(([event, publish]) => [
    event,
    (data: never) => keep(publish(data)),
  ]);
  return {
    execute: (...given) => keep(out.execute(...given)),
    schedule: (...given) => keep(out.schedule(...given)),
    cancel: (deadline) => keep(out.cancel(deadline)),
    waitFor: (...given) => keep(out.waitFor(...given)),
    publish: Object.fromEntries(publishers) as typeof out.publish,
    complete: () => keep(out.complete()),
    fail: (reason) => keep(out.fail(reason)),
  };
}

function timeOf(time: DeadlineTime): { readonly afterMs: number } | { readonly at: string } {
  assertGiven('time', time, timeNames);
  const { afterMs, at } = time as { readonly afterMs?: unknown; readonly at?: unknown };
  if ((afterMs === undefined) === (at === undefined))
    throw InvalidArgumentError.notOneOf('{ afterMs } or { at }', 'time', time);
  assertWhole('afterMs', afterMs, { most: MOST_MS });
  assertInstant('at', at);
  return afterMs === undefined ? { at: (at as Date).toISOString() } : { afterMs: afterMs as number };
}

function publishersOf({ create }: AnyEventGroup) {
  const makers = Object.entries(create).map(([event, make]) => [
    event,
    (data: never): PublishOutput => ({ kind: 'publish', event, data: make(data).data }),
  ]);
  return Object.fromEntries(makers) as ProcessOut<string, EventShapes, string>['publish'];
}
