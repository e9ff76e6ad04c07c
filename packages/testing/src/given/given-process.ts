import {
  type AnyAggregate,
  type AnyCommand,
  type AnyProcess,
  asStored,
  InvalidArgumentError,
  type JsonObject,
  type NewEvent,
  type ProcessOutput,
  type ProcessStateOf,
} from '@leftfold/core';
import {
  assertEach,
  assertList,
  assertObject,
  assertOptions,
  assertPlainObject,
  assertWhole,
  commandNameOf,
  type OptionNames,
} from '@leftfold/core/input';
import { assertSame, fail } from './assert-same.ts';
import { DEFAULT_NOW } from './decision-context.ts';
import type { ThenState } from './outcome.ts';
import { toPlainEvent } from './plain-event.ts';
import { type GivenInput, toInputs } from './process-inputs.ts';
import {
  type CommandAnswer,
  commandOf,
  type GivenProcessStatus,
  ProcessInstance,
} from './process-instance.ts';

/** Options of `given` for a process. */
export interface GivenProcessOptions {
  /** The time of the history. The clock stands still, except for `after`. @default 2000-01-01T00:00:00.000Z */
  readonly now?: Date;
  /** Its commands have to be those of these, with inputs that match their schemas. @default commands are not checked */
  readonly aggregates?: readonly AnyAggregate[];
}

/** How commands are rejected in a test. */
export interface RejectingOptions {
  /** @default none */
  readonly details?: JsonObject;
  /** How many of them; those that follow are accepted. @default all */
  readonly times?: number;
}

/** What a test may expect: commands, published events, and deadlines that are set or cancelled. */
export type ExpectedOutput = AnyCommand | NewEvent | ProcessOutput;

/** An instance of a process, with what it has taken so far. It does not change: each method returns another one. */
export interface GivenProcess<TProcess extends AnyProcess> extends ThenState<ProcessStateOf<TProcess>> {
  readonly state: ProcessStateOf<TProcess>;
  /** `unknown`: it is not started. */
  readonly status: GivenProcessStatus;
  /** Why it failed or was cancelled. */
  readonly failure: string | undefined;
  /**
   * Lets it take an input, the answers to its commands, and the deadlines that are over at once. Commands are accepted, each
   * in its turn, unless the test says otherwise.
   *
   * @throws InvalidArgumentError when the process does not read it, or it concerns another instance
   * @throws InvalidEventError, InvalidCommandError when its data does not match its schema
   * @throws what a function of the process throws
   */
  when(input: GivenInput): ProcessOutcome<TProcess>;
  /** Moves the clock, and lets it take the deadlines that are over, in their order. @throws what a function of the process throws */
  after(ms: number): ProcessOutcome<TProcess>;
  /**
   * Rejects commands from here on.
   *
   * @param command one command, or the name of all: `account.withdraw`
   */
  rejecting(command: AnyCommand | string, reason: string, options?: RejectingOptions): GivenProcess<TProcess>;
  /**
   * Leaves commands without an answer from here on, and those behind them, as an app does while a command is tried again. The
   * answer may come later: `when({ type: 'accepted', as: 'debit' })`.
   */
  unanswered(command: AnyCommand | string): GivenProcess<TProcess>;
}

/**
 * What an instance did in the last step, with assertions.
 *
 * It is not a promise although it has a method `then`: do not `await` it or return it from an async function.
 */
export interface ProcessOutcome<TProcess extends AnyProcess> extends GivenProcess<TProcess> {
  /** What it wanted done, in order: of the input, and of what followed at once. */
  readonly outputs: readonly ProcessOutput[];
  readonly commands: readonly AnyCommand[];
  /**
   * Asserts exactly these outputs, in this order, beside its end: commands (whatever they were issued as), events that it
   * published, and deadlines as `{ kind: 'schedule', deadline: 'too-late', afterMs: 60_000 }` and
   * `{ kind: 'cancel', deadline: 'too-late' }`.
   *
   * @throws AssertionError when the outputs are others
   */
  then(expected: readonly ExpectedOutput[]): ProcessOutcome<TProcess>;
  /** Asserts exactly these commands, in this order. @throws AssertionError */
  thenCommands(expected: readonly AnyCommand[]): ProcessOutcome<TProcess>;
  /** @throws AssertionError when there are outputs, or it ended */
  thenNothing(): ProcessOutcome<TProcess>;
  thenState(expected: ProcessStateOf<TProcess>): ProcessOutcome<TProcess>;
  /** @param reason compared when given. @throws AssertionError when it did not end, or otherwise */
  ended(status: 'completed' | 'failed' | 'cancelled', reason?: string): ProcessOutcome<TProcess>;
}

/** What a test did. */
type Step =
  | { readonly input: GivenInput }
  | { readonly afterMs: number }
  | { readonly answer: CommandAnswer };

/** @param history events, messages and other inputs, in their order */
export function givenProcess<TProcess extends AnyProcess>(
  process: TProcess,
  history: readonly GivenInput[],
  options: GivenProcessOptions,
): GivenProcess<TProcess> {
  const steps: Step[] = [];
  assertEach('history', history, (_, input) => steps.push({ input: input as GivenInput }));
  return outcomeAfter(process, options, steps);
}

/** Everything happens anew for each outcome, so that one can be continued in several ways. */
function outcomeAfter<TProcess extends AnyProcess>(
  process: TProcess,
  options: GivenProcessOptions,
  steps: readonly Step[],
): ProcessOutcome<TProcess> {
  type State = ProcessStateOf<TProcess>;
  const instance = instanceAfter(process, options, steps);
  const { outputs, status, failure } = instance;
  const state = instance.state as State;
  const name = `process "${process.name}"`;
  const andThen = (step: Step) => outcomeAfter(process, options, [...steps, step]);
  const commands = outputs.flatMap((one) => (one.kind === 'execute' ? [commandOf(one)] : []));

  function then(expected: readonly ExpectedOutput[]): ProcessOutcome<TProcess> {
    if (typeof expected === 'function')
      throw new TypeError('given(...).when(...) is no promise: do not await it');
    if (!Array.isArray(expected))
      throw new TypeError('then(...) takes a list of outputs, such as then([command])');
    const list = expected as readonly ExpectedOutput[];
    const wanted = list.map(plainExpected);
    const actual = outputs.filter(({ kind }) => kind !== 'complete' && kind !== 'fail');
    const compared = actual.map((output, index) => likeExpected(process, output, list[index]));
    assertSame(compared, wanted, `${name} wanted other outputs`, then);
    return outcome;
  }

  function thenCommands(expected: readonly AnyCommand[]): ProcessOutcome<TProcess> {
    assertList('expected', expected);
    assertSame(commands, expected.map(plainExpected), `${name} issued other commands`, thenCommands);
    return outcome;
  }

  function thenNothing(): ProcessOutcome<TProcess> {
    assertSame(outputs, [], `${name} wanted something`, thenNothing);
    return outcome;
  }

  function thenState(expected: State): ProcessOutcome<TProcess> {
    assertSame(state, expected, `the state of ${name} is another one`, thenState);
    return outcome;
  }

  function ended(expected: 'completed' | 'failed' | 'cancelled', reason?: string): ProcessOutcome<TProcess> {
    if (status === 'running' || status === 'unknown')
      fail(`${name} ${status === 'running' ? 'did not end' : 'was not started'}`, ended, {
        expected,
        actual: status,
      });
    assertSame(
      status,
      expected,
      `${name} ended otherwise${failure === undefined ? '' : `: ${failure}`}`,
      ended,
    );
    if (reason !== undefined) assertSame(failure, reason, `${name} ended for another reason`, ended);
    return outcome;
  }

  const outcome: ProcessOutcome<TProcess> = {
    state,
    status,
    failure,
    outputs,
    commands,
    when: (input) => andThen({ input }),
    after(ms) {
      if (ms === undefined) throw InvalidArgumentError.not('a number of milliseconds', 'ms', ms);
      assertWhole('ms', ms);
      return andThen({ afterMs: ms });
    },
    rejecting(command, reason, given = {}) {
      assertOptions('options', given, rejectingNames);
      const { details, times = Number.POSITIVE_INFINITY } = given;
      assertPlainObject('details', details);
      if (typeof reason !== 'string' || reason === '')
        throw InvalidArgumentError.not('a reason of a rejection', 'reason', reason);
      if (times !== Number.POSITIVE_INFINITY) assertWhole('times', times, { least: 1 });
      return andThen({ answer: { command: named(command), reason, details, times } });
    },
    unanswered: (command) =>
      andThen({ answer: { command: named(command), reason: undefined, times: Number.POSITIVE_INFINITY } }),
    // oxlint-disable-next-line unicorn/no-thenable -- given, when, then are the usual words
    then,
    thenCommands,
    thenNothing,
    thenState,
    ended,
  };
  return outcome;
}

function instanceAfter(
  process: AnyProcess,
  { now = new Date(DEFAULT_NOW), aggregates }: GivenProcessOptions,
  steps: readonly Step[],
): ProcessInstance {
  const instance = new ProcessInstance(process, now, aggregates);
  for (const [index, step] of steps.entries()) {
    if ('answer' in step) instance.answer(step.answer);
    else if ('afterMs' in step) instance.after(step.afterMs);
    else {
      const place = { number: index + 1, now: new Date(instance.nowMs) };
      instance.take(toInputs(process, step.input, place));
    }
  }
  return instance;
}

/** @throws InvalidArgumentError, InvalidNameError when it is no command and no name */
function named(command: AnyCommand | string): AnyCommand | string {
  if (typeof command !== 'string') commandNameOf(command);
  return command;
}

const isOutput = (expected: ExpectedOutput): expected is ProcessOutput => 'kind' in expected;
const isEvent = (expected: ExpectedOutput): expected is NewEvent => 'schemaVersion' in expected;

/** An output in the form in which the test expects it. */
function likeExpected(
  process: AnyProcess,
  output: ProcessOutput,
  expected: ExpectedOutput | undefined,
): unknown {
  if (expected !== undefined && isOutput(expected)) return output;
  if (output.kind === 'execute') return output.command;
  if (output.kind !== 'publish') return output;
  const event = process.published.create[output.event]!(output.data as never);
  return toPlainEvent(event);
}

function plainExpected(expected: ExpectedOutput): unknown {
  if (typeof expected !== 'object' || expected === null)
    throw InvalidArgumentError.not('a command, an event or an output', 'expected', expected);
  if (isOutput(expected) || !isEvent(expected)) return asStored(expected);
  return toPlainEvent(expected);
}

/** @throws InvalidArgumentError */
export function assertProcessOptions(options: GivenProcessOptions): void {
  assertOptions('options', options, optionNames);
  assertEach('aggregates', options.aggregates ?? [], (argument, aggregate) =>
    assertObject('an aggregate', argument, aggregate, ['commandNames', 'events']),
  );
}

const optionNames: OptionNames<GivenProcessOptions> = { now: true, aggregates: true };
const rejectingNames: OptionNames<RejectingOptions> = { details: true, times: true };
