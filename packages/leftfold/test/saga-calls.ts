import { type AnyProcess, defineSaga, type EventGroup, type NewEvent, processGraph } from '@leftfold/core';
import { given } from '@leftfold/testing';
import { z } from 'zod';

/** Right calls of what defines, draws and tests processes and sagas, by name. */
export function sagaCalls(
  events: EventGroup<'account', { readonly opened: { owner: string } }>,
  opened: NewEvent,
  process: AnyProcess,
) {
  const command = { aggregate: 'account', id: 'a', name: 'open', input: { owner: 'Ada' } } as const;
  const paid = { type: 'payments.paid', data: { cents: 1 } } as const;
  const message = { aggregate: process.name, id: 'a', name: 'receive', input: paid } as const;
  const options = {
    version: 1,
    events: [events],
    messages: {
      'payments.paid': z.object({ cents: z.int() }),
      'payments.refused': z.object({}),
      'payments.cancelled': z.object({}),
    },
    publishes: { settled: z.object({ owner: z.string() }) },
    startedBy: 'account.opened',
    cancelledBy: ['payments.cancelled'],
    correlate: { 'account.opened': () => 'a' },
    compensationRetry: { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 },
    ended: () => {},
    concurrency: 1,
    slices: 1,
    start: 'end',
    onFailure: 'stop',
    retry: { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 },
    timeoutMs: 1,
  } as const;
  const pivot = {
    run: () => command,
    answers: { done: ['payments.paid'], refused: ['payments.refused'] },
    retry: { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 },
    timeoutMs: 1,
  } as const;
  const started = () => given(process, [opened]);
  return {
    defineSaga: [defineSaga, ['trip', options]],
    'step of a saga': [
      (name: never, step: never) => defineSaga('trip', options).step(name, step).build(),
      ['pay', { ...pivot, compensate: () => command }],
    ],
    'pivot of a saga': [
      (name: never, step: never) => defineSaga('trip', options).pivot(name, step).build(),
      ['pay', pivot],
    ],
    processGraph: [processGraph, [process]],
    'given a process': [given, [process, [opened], { now: new Date() }]],
    'given a process.when': [(input: never) => given(process).when(input).status, [opened]],
    'given a process.when, of a message': [(input: never) => given(process).when(input).status, [message]],
    'given a process.when, of its own': [
      (input: never) => started().when(input).status,
      [{ type: 'rejected', as: 'a', reason: 'no' }],
    ],
    'given a process.after': [(ms: never) => started().after(ms).status, [1]],
    'given a process.unanswered': [(one: never) => started().unanswered(one).status, [command]],
    'given a process.rejecting': [
      (one: never, reason: never, how: never) => started().rejecting(one, reason, how).status,
      [command, 'no', { details: { of: 'a' }, times: 1 }],
    ],
  } as const;
}
