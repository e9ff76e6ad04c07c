import { guarantee } from '@leftfold/testbed/guarantees';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvents } from '../event/define-events.ts';
import { aggregateIdOf } from '../naming/stream-id.ts';
import type { AnyProcess } from './define-process.ts';
import { defineSaga } from './define-saga.ts';
import type { ExecuteOutput, ProcessOutput } from './process-outputs.ts';
import type { RecordedInput } from './process-inputs.ts';
import type { SagaStepOutline } from './saga-builder.ts';
import type { SagaState } from './saga-state.ts';

/**
 * Walks every order of what can happen to a saga: a world of commands that are accepted or rejected, a service that books or
 * refuses and answers late, deadlines that are over at any time, duplicates, an operator who cancels and retries.
 */
interface World {
  readonly saga: SagaState;
  readonly status: 'running' | 'failed' | 'completed';
  /** Commands, in the order in which an instance executes them. */
  readonly commands: readonly ExecuteOutput[];
  /** The command that was rejected last. */
  readonly rejected: ExecuteOutput | null;
  readonly deadlines: readonly string[];
  /** What was published and not received by the service, and its answers that have not come. Both in any order. */
  readonly requests: readonly string[];
  readonly messages: readonly string[];
  readonly past: readonly RecordedInput[];
  readonly effects: Readonly<Record<string, 'applied' | 'undone' | 'refused'>>;
  /** What the saga was told of each step. */
  readonly told: Readonly<Record<string, 'open' | 'done' | 'refused'>>;
  readonly compensated: readonly string[];
  readonly left: Budget;
}

/** How often something may go wrong, so that the walk ends. */
interface Budget {
  readonly rejections: number;
  readonly refusals: number;
  readonly timeouts: number;
  readonly duplicates: number;
  readonly cancels: number;
}

const tripEvents = defineEvents('trip', { requested: z.object({}), cancelled: z.object({}) });
const command = (aggregate: string, name: string) => ({ aggregate, id: '1', name, input: {} });
const commands = (step: string) => ({
  run: () => command(step, 'run'),
  compensate: () => command(step, 'undo'),
});
const options = {
  events: [tripEvents],
  startedBy: 'trip.requested',
  correlate: {
    'trip.requested': ({ streamId }: { readonly streamId: string }) => aggregateIdOf(streamId),
    'trip.cancelled': ({ streamId }: { readonly streamId: string }) => aggregateIdOf(streamId),
  },
  compensationRetry: { attempts: 2 },
} as const;
const messages = { 'hotel.done': z.object({}), 'hotel.refused': z.object({}), 'mail.done': z.object({}) };

const booking = defineSaga('booking', {
  ...options,
  messages,
  publishes: { 'hotel-run': z.object({}), 'hotel-undo': z.object({}), 'mail-run': z.object({}) },
})
  .step('flight', { ...commands('flight'), timeoutMs: 1, retry: { attempts: 2 } })
  .step('look', { run: () => command('look', 'run') })
  .step('hotel', {
    run: (_scope, out) => out.publish['hotel-run']({}),
    compensate: (_scope, out) => out.publish['hotel-undo']({}),
    answers: { done: ['hotel.done'], refused: ['hotel.refused'] },
    timeoutMs: 1,
  })
  .pivot('pay', { run: () => command('pay', 'run') })
  .step('mail', {
    run: (_scope, out) => out.publish['mail-run']({}),
    answers: { done: ['mail.done'] },
    timeoutMs: 1,
  })
  .step('thank', { run: () => command('thank', 'run') })
  .build();

/** Its pivot is a request to a service, so that nobody may know whether it has succeeded. */
const payment = defineSaga('payment', {
  ...options,
  cancelledBy: ['trip.cancelled'],
  messages: { 'pay.done': z.object({}), 'pay.refused': z.object({}) },
  publishes: { 'pay-run': z.object({}) },
})
  .step('flight', commands('flight'))
  .step('seat', { ...commands('seat'), timeoutMs: 1 })
  .pivot('pay', {
    run: (_scope, out) => out.publish['pay-run']({}),
    answers: { done: ['pay.done'], refused: ['pay.refused'] },
    retry: { attempts: 2 },
    timeoutMs: 1,
  })
  .step('thank', { run: () => command('thank', 'run') })
  .build();

/** The id of an input that has come before. */
const TWICE = 'twice';

function begin(process: AnyProcess, left: Budget): World {
  const empty: World = {
    saga: process.initialState as SagaState,
    status: 'running',
    commands: [],
    rejected: null,
    deadlines: [],
    requests: [],
    messages: [],
    past: [],
    effects: {},
    told: {},
    compensated: [],
    left,
  };
  return take(process, empty, {
    type: 'trip.requested',
    id: 'e-1',
    data: {},
    streamId: 'trip-1',
    recordedAt: '',
  });
}

/** An instance takes an input as the engine lets it. */
function take(process: AnyProcess, world: World, input: RecordedInput): World {
  if (world.status !== 'running') return world;
  const saga = process.evolve(world.saga, input) as SagaState;
  let next: World = { ...world, saga, told: toldBy(world, input) };
  for (const output of process.react(saga, input, { id: 't1' })) next = issue(next, output);
  return next;
}

function toldBy({ told }: World, { type, id, as }: RecordedInput): World['told'] {
  const [step, isUndo] = nameOf(type, as);
  if (step === undefined || isUndo || told[step] === 'done' || id === TWICE) return told;
  const isDone = type === 'accepted' || type.endsWith('.done');
  return { ...told, [step]: isDone ? 'done' : 'refused' };
}

function nameOf(type: string, as: string | undefined): [string | undefined, boolean] {
  if (as !== undefined) return [as.replace('compensate:', '').split('#')[0], as.startsWith('compensate:')];
  return [type.includes('.') && !type.startsWith('trip.') ? type.split('.')[0] : undefined, false];
}

function issue(world: World, output: ProcessOutput): World {
  switch (output.kind) {
    case 'execute': {
      const [step, isUndo] = nameOf('', output.as);
      return { ...issued(world, step!, isUndo), commands: [...world.commands, output] };
    }
    case 'publish': {
      const [step, what] = output.event.split('-');
      return { ...issued(world, step!, what === 'undo'), requests: [...world.requests, output.event] };
    }
    case 'schedule':
      return { ...world, deadlines: [...without(world.deadlines, output.deadline), output.deadline].sort() };
    case 'cancel':
      return { ...world, deadlines: without(world.deadlines, output.deadline) };
    case 'complete':
      return { ...world, status: 'completed', deadlines: [] };
    case 'fail':
      expect(output.reason).toMatch(/^CompensationStuck: .* app\.processes\.retry\(/);
      return { ...world, status: 'failed', deadlines: [] };
  }
}

/** A compensation is only issued for a step that was run, and that the saga does not know to have failed. */
function issued(world: World, step: string, isUndo: boolean): World {
  const known = world.told[step];
  if (!isUndo) return { ...world, told: { ...world.told, [step]: known === 'done' ? 'done' : 'open' } };
  if (known !== 'open' && known !== 'done') expect.fail(`${step} is compensated, and is ${known}`);
  return { ...world, compensated: [...world.compensated, step] };
}

const without = (list: readonly string[], one: string) => list.filter((other) => other !== one);
const removed = (list: readonly string[], index: number) => list.filter((_, other) => other !== index);
const spend = ({ left }: World, what: keyof Budget) => ({ ...left, [what]: left[what] - 1 });

/** Everything that can happen next. */
function* movesOf(process: AnyProcess, world: World): Generator<World> {
  const { left } = world;
  const [head, ...commandsLeft] = world.commands;
  if (head !== undefined) {
    const executed = { ...world, commands: commandsLeft };
    const [step, isUndo] = nameOf('', head.as);
    const accepted = { ...executed, effects: effectsOf(world, step!, isUndo) };
    yield answered(process, accepted, { type: 'accepted', id: 'a', as: head.as, command: '' });
    if (left.rejections > 0) {
      const rejected = { ...executed, rejected: head, left: spend(world, 'rejections') };
      yield answered(process, rejected, {
        type: 'rejected',
        id: 'a',
        as: head.as,
        command: '',
        reason: 'no',
      });
    }
  }
  for (const [index, request] of world.requests.entries()) {
    const [step, what] = request.split('-') as [string, string];
    const received = { ...world, requests: removed(world.requests, index) };
    const effect = world.effects[step];
    // The service refuses what was taken back before, and answers a request that comes again as before.
    const answer = (type: string) => ({ ...received, messages: [...world.messages, type].sort() });
    if (what === 'undo') yield { ...received, effects: effectsOf(world, step, true) };
    else if (effect === 'undone' || effect === 'refused') yield answer(`${step}.refused`);
    else yield { ...answer(`${step}.done`), effects: effectsOf(world, step, false) };
    if (what === 'run' && effect === undefined && left.refusals > 0 && step !== 'mail')
      yield {
        ...answer(`${step}.refused`),
        effects: { ...world.effects, [step]: 'refused' },
        left: spend(world, 'refusals'),
      };
  }
  for (const [index, type] of world.messages.entries()) {
    const delivered = { ...world, messages: removed(world.messages, index) };
    yield answered(process, delivered, { type, id: 'm', data: {} });
  }
  for (const name of world.deadlines) {
    const isTimeout = name.startsWith('timeout');
    if (isTimeout && left.timeouts === 0) continue;
    const over = { ...world, deadlines: without(world.deadlines, name) };
    const spent = isTimeout ? { ...over, left: spend(world, 'timeouts') } : over;
    yield take(process, spent, { type: 'deadline', id: 'd', name });
  }
  if (left.duplicates > 0)
    for (const input of world.past)
      yield take(process, { ...world, left: spend(world, 'duplicates') }, { ...input, id: TWICE });
  if (left.cancels > 0 && world.status === 'running') {
    const cancelled = { ...world, left: spend(world, 'cancels') };
    yield take(process, cancelled, { type: 'cancelled', id: 'c', reason: 'enough' });
    if (process === payment) yield take(process, cancelled, { type: 'trip.cancelled', id: 'c', data: {} });
  }
  const { rejected: retried } = world;
  if (world.status === 'failed' && retried !== null && world.commands.length === 0) {
    // An instance takes each answer once. The retried command has the name of the rejected one, so that answer is not repeated.
    const past = world.past.filter(({ as }) => as !== retried.as);
    yield { ...world, status: 'running', commands: [retried], rejected: null, past };
  }
}

function answered(process: AnyProcess, world: World, input: RecordedInput): World {
  const past = world.left.duplicates > 0 ? [...world.past, input] : [];
  return take(process, { ...world, past }, input);
}

function effectsOf({ effects }: World, step: string, isUndo: boolean): World['effects'] {
  if (isUndo) return { ...effects, [step]: 'undone' };
  // Undone first: only a service that does not keep that would book now.
  if (effects[step] === 'undone') expect.fail(`${step} is run after its compensation`);
  return { ...effects, [step]: 'applied' };
}

function walk(process: AnyProcess, left: Budget) {
  const open = [begin(process, left)];
  const seen = new Set<string>();
  const ends: World[] = [];
  for (let world = open.pop(); world !== undefined; world = open.pop()) {
    const key = JSON.stringify(world);
    if (seen.has(key)) continue;
    seen.add(key);
    const moves = [...movesOf(process, world)];
    if (moves.length === 0) ends.push(world);
    open.push(...moves);
  }
  return { ends, states: seen.size };
}

function expectEnd({ steps }: AnyProcess & { readonly steps: readonly SagaStepOutline[] }, end: World): void {
  const { saga, status, effects, compensated } = end;
  expect(status).toBe('completed');
  const names = steps.map(({ name }) => name);
  const applied = Object.keys(effects).filter((step) => effects[step] === 'applied');
  if (saga.phase === 'completed') {
    expect(compensated).toEqual([]);
    return expect(applied.sort()).toEqual(names.toSorted());
  }
  expect(saga.phase).toBe('compensated');
  // A step that only looks is not compensated.
  expect(applied.filter((step) => step !== 'look')).toEqual([]);
  // In reverse order, and once more after a late success.
  const order = [...new Set(compensated)].map((step) => names.indexOf(step));
  expect(order).toEqual(order.toSorted((one, other) => other - one));
  expect(compensated.filter((step) => step === 'hotel').length).toBeLessThanOrEqual(2);
}

const none: Budget = { rejections: 0, refusals: 0, timeouts: 0, duplicates: 0, cancels: 0 };

const both = ['compensated', 'completed'];

describe.each([booking, payment])(
  '$name: in every order of what can happen, it completes or is taken back',
  (saga) => {
    test.each<[string, Partial<Budget>, readonly string[]]>([
      ['all goes well', {}, ['completed']],
      ['commands are rejected', { rejections: 4 }, both],
      ['the service refuses', { refusals: 1, rejections: 2 }, both],
      ['steps time out and answer late', { timeouts: 2, refusals: 1, rejections: 2 }, both],
      ['an operator cancels', { cancels: 1, rejections: 2, timeouts: 1 }, both],
      ['answers come twice', { duplicates: 2, timeouts: 1, rejections: 1, refusals: 1 }, both],
      ['everything at once', { duplicates: 1, timeouts: 2, rejections: 2, refusals: 1, cancels: 1 }, both],
    ])('%s', { timeout: 60_000 }, (_what, budget, phases) => {
      guarantee('sagas-complete-or-compensate');
      const { ends, states } = walk(saga, { ...none, ...budget });
      expect(states).toBeGreaterThan(saga.steps.length);
      for (const end of ends) expectEnd(saga, end);
      expect([...new Set(ends.map((end) => end.saga.phase))].sort()).toEqual(phases);
    });
  },
);
