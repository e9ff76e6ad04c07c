import {
  type AnyAggregate,
  type AnyCommand,
  type AnyProcess,
  asStored,
  type ExecuteOutput,
  InvalidArgumentError,
  type JsonObject,
  type ProcessOutput,
  type RecordedInput,
  type ScheduleOutput,
  UnknownCommandError,
} from '@leftfold/core';
import { commandNameOf, parseCommandInput } from '@leftfold/core/input';
import { isDeepStrictEqual } from 'node:util';
import type { TargetedInput } from './process-inputs.ts';

/** How an instance is doing in a test. */
export type GivenProcessStatus = 'unknown' | 'running' | 'completed' | 'failed' | 'cancelled';

/** How commands are answered that are not accepted. */
export interface CommandAnswer {
  /** The command, or the name of all that are answered so: `account.withdraw`. */
  readonly command: AnyCommand | string;
  /** Undefined leaves the command unanswered. */
  readonly reason: string | undefined;
  readonly details?: JsonObject | undefined;
  /** How many commands. */
  readonly times: number;
}

interface Deadline {
  readonly dueMs: number;
  readonly until: string | undefined;
}

/** More inputs in one step are taken for a process that goes on for ever. */
const MOST_INPUTS = 10_000;

/** An instance in memory, which does what an app does with one, at once. Without a store nothing happens twice. */
export class ProcessInstance {
  state: unknown;
  status: GivenProcessStatus = 'unknown';
  failure: string | undefined;
  nowMs: number;
  /** Of the last step. */
  outputs: ProcessOutput[] = [];
  readonly #process: AnyProcess;
  readonly #aggregates: readonly AnyAggregate[] | undefined;
  readonly #deadlines = new Map<string, Deadline>();
  /** Commands are executed in their order: behind one that is unanswered, others wait. */
  readonly #commands: ExecuteOutput[] = [];
  #answers: readonly CommandAnswer[] = [];
  #id: string | undefined;
  #taken = 0;

  /** @param aggregates whose commands it may issue; undefined for any */
  constructor(process: AnyProcess, now: Date, aggregates?: readonly AnyAggregate[]) {
    this.#process = process;
    this.#aggregates = aggregates;
    this.state = process.initialState;
    this.nowMs = now.getTime();
  }

  answer(answer: CommandAnswer): void {
    this.#answers = [answer, ...this.#answers];
  }

  /** Takes inputs, and what follows at once: the answers to commands, and deadlines that are over. */
  take(inputs: readonly TargetedInput[]): void {
    this.outputs = [];
    this.#taken = 0;
    for (const { input, id } of inputs) {
      this.#claim(id, input.type);
      const head = this.#commands[0];
      const isAnswer = input.type === 'accepted' || input.type === 'rejected';
      if (isAnswer && head !== undefined && head.as === input['as']) this.#commands.shift();
      this.#take(input);
      this.#settle();
    }
  }

  /** Moves the clock, deadline by deadline. */
  after(ms: number): void {
    this.outputs = [];
    this.#taken = 0;
    const until = this.nowMs + ms;
    for (let next = this.#nextDue(until); next !== undefined; next = this.#nextDue(until)) {
      const [name, { dueMs }] = next;
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.#expire(name);
      this.#settle();
    }
    this.nowMs = until;
  }

  /** A test is of one instance. */
  #claim(id: string | undefined, type: string): void {
    if (id === undefined) return;
    this.#id ??= id;
    if (this.#id !== id)
      throw new InvalidArgumentError(
        'input',
        `"${type}" concerns instance "${id}" of process "${this.#process.name}", and the inputs before it "${this.#id}"; correct the stream or the data of one`,
      );
  }

  #settle(): void {
    for (;;) {
      for (let input = this.#nextAnswer(); input !== undefined; input = this.#nextAnswer()) this.#take(input);
      const due = this.#nextDue(this.nowMs);
      if (due === undefined) return;
      this.#expire(due[0]);
    }
  }

  #nextAnswer(): RecordedInput | undefined {
    const output = this.#commands[0];
    if (output === undefined) return undefined;
    const command = commandOf(output);
    const found = this.#answers.find((answer) => answer.times > 0 && isFor(answer, command));
    if (found !== undefined && found.reason === undefined) return undefined;
    this.#commands.shift();
    if (this.#aggregates !== undefined) assertKnown(command, this.#aggregates);
    const { as } = output;
    const common = {
      id: `answer-${this.#taken}`,
      command: commandNameOf(command),
      ...(as !== undefined && { as }),
    };
    if (found?.reason === undefined) return { ...common, type: 'accepted' };
    this.#answers = this.#answers.map((one) => (one === found ? { ...one, times: one.times - 1 } : one));
    const { reason, details } = found;
    return { ...common, type: 'rejected', reason, ...(details !== undefined && { details }) };
  }

  #nextDue(untilMs: number): readonly [string, Deadline] | undefined {
    const due = [...this.#deadlines].filter(([, { dueMs }]) => dueMs <= untilMs);
    return due.toSorted(([, one], [, other]) => one.dueMs - other.dueMs)[0];
  }

  #expire(name: string): void {
    this.#take({ type: 'deadline', id: `deadline-${this.#taken}`, name });
  }

  #take(input: RecordedInput): void {
    this.#taken += 1;
    if (this.#taken > MOST_INPUTS)
      throw new InvalidArgumentError(
        'input',
        `makes process "${this.#process.name}" take more than ${MOST_INPUTS} inputs; move the clock by less, or end what repeats`,
      );
    const process = this.#process;
    if (this.status === 'unknown' && process.starts.includes(input.type)) this.status = 'running';
    if (this.status !== 'running') return;
    if (input.type === 'accepted' && !process.handles('accepted')) return;
    if (input.type === 'cancelled' && !process.reactsTo('cancelled'))
      return this.#end('cancelled', input.reason ?? '');
    for (const [name, { until }] of this.#deadlines)
      if (until === input.type || (input.type === 'deadline' && input.name === name))
        this.#deadlines.delete(name);
    this.state = process.evolve(this.state, input);
    const isUnheard = input.type === 'rejected' && !process.reactsTo('rejected');
    const outputs: readonly ProcessOutput[] = isUnheard
      ? [{ kind: 'fail', reason: input.reason ?? '' }]
      : process.react(this.state, input, { id: this.#id ?? '' });
    for (const output of asStored(outputs)) this.#issue(output);
  }

  #issue(output: ProcessOutput): void {
    // An app executes and publishes what is listed behind the end too; all else has no effect there.
    if (this.status !== 'running' && output.kind !== 'execute' && output.kind !== 'publish') return;
    this.outputs.push(output);
    switch (output.kind) {
      case 'execute':
        this.#commands.push(output);
        break;
      case 'schedule':
        this.#deadlines.set(output.deadline, { dueMs: this.#dueMs(output), until: output.until });
        break;
      case 'cancel':
        this.#deadlines.delete(output.deadline);
        break;
      case 'complete':
        return this.#end('completed');
      case 'fail':
        return this.#end('failed', output.reason);
      case 'publish':
        break;
    }
  }

  #dueMs({ afterMs, at }: ScheduleOutput): number {
    return at === undefined ? this.nowMs + (afterMs ?? 0) : Date.parse(at);
  }

  #end(status: GivenProcessStatus, failure?: string): void {
    this.status = status;
    this.failure = failure;
    this.#deadlines.clear();
  }
}

/** The command of an output. */
export function commandOf({ command }: ExecuteOutput): AnyCommand {
  const made: object = command;
  // Sound: `out.execute` has made it.
  return made as AnyCommand;
}

function isFor({ command: wanted }: CommandAnswer, command: AnyCommand): boolean {
  if (typeof wanted === 'string') return commandNameOf(command) === wanted;
  return isDeepStrictEqual(asStored(wanted), asStored(command));
}

/** @throws UnknownCommandError, InvalidCommandError as an app does when it executes the command */
function assertKnown(command: AnyCommand, aggregates: readonly AnyAggregate[]): void {
  if ('decision' in command) return;
  const { aggregate: owner, id, name, input } = command;
  const aggregate = aggregates.find((one) => one.name === owner);
  const schema = aggregate?.inputOf(name);
  if (aggregate === undefined || schema === undefined)
    throw new UnknownCommandError(
      `${owner}.${name}`,
      (aggregate === undefined ? aggregates : [aggregate]).flatMap((one) =>
        one.commandNames.map((known) => `${one.name}.${known}`),
      ),
    );
  aggregate.streamId(id);
  parseCommandInput(`${owner}.${name}`, schema, input);
}
