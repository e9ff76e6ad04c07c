import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvents } from '../event/define-events.ts';
import { aggregateIdOf } from '../naming/stream-id.ts';
import { defineProcess } from './define-process.ts';
import { defineSaga } from './define-saga.ts';
import { box, edge } from './mermaid.ts';
import { processGraph } from './process-graph.ts';

const tripEvents = defineEvents('trip', { requested: z.object({}), booked: z.object({}) });
const correlate = {
  'trip.requested': ({ streamId }: { readonly streamId: string }) => aggregateIdOf(streamId),
  'trip.booked': ({ streamId }: { readonly streamId: string }) => aggregateIdOf(streamId),
};
const run = () => ({ aggregate: 'flight', id: '1', name: 'reserve', input: {} });
const none = z.object({});

describe('a graph', () => {
  test('of a process shows its inputs, deadlines and what it publishes', () => {
    const transfer = defineProcess({
      name: 'transfer',
      version: 2,
      events: [tripEvents],
      messages: { 'payment.settled': none },
      deadlines: ['too-late'],
      publishes: { settled: none },
      starts: ['trip.requested'],
      correlate,
      initialState: {},
      react: { deadline: (_state, _input, out) => out.fail('too late') },
    });
    expect(processGraph(transfer)).toBe(`flowchart LR
  process["transfer, version 2"]
  input0(["trip.requested"])
  input0 -->|"starts"| process
  input1(["trip.booked"])
  input1 --> process
  input2[/"payment.settled"/]
  input2 --> process
  deadline0{{"too-late"}}
  process -.->|"sets"| deadline0
  deadline0 -.->|"is over"| process
  published0(["transfer.settled"])
  process --> published0
`);
  });

  test('of a saga shows its steps, its pivot and the way back', () => {
    const booking = defineSaga('booking', {
      events: [tripEvents],
      messages: { 'hotel.booked': none, 'hotel.full': none, 'hotel.closed': none, 'mail.sent': none },
      publishes: { asked: none, released: none },
      startedBy: 'trip.requested',
      cancelledBy: ['trip.booked', 'hotel.closed'],
      correlate,
    })
      .step('flight', { run, compensate: run, retry: { attempts: 3 } })
      .step('look', { run, timeoutMs: 5 })
      .step('hotel', {
        run: (_scope, out) => out.publish.asked({}),
        answers: { done: ['hotel.booked'], refused: ['hotel.full'] },
        compensate: (_scope, out) => out.publish.released({}),
        timeoutMs: 60_000,
      })
      .pivot('pay', { run })
      .step('mail', {
        run: (_scope, out) => out.publish.asked({}),
        answers: { done: ['mail.sent'] },
        timeoutMs: 5,
      })
      .build();
    expect(processGraph(booking)).toBe(`flowchart TD
  start0(["trip.requested"])
  start0 --> step0
  step0["flight"]
  step0 -->|"accepted"| step1
  step0 -.->|"rejected, at most 3 attempts"| compensated
  step1["look"]
  step1 -->|"accepted"| step2
  step1 -.->|"rejected"| undo0
  step1 -.->|"no answer within 5 ms"| undo0
  step2["hotel"]
  step2 -->|"hotel.booked"| step3
  step2 -.->|"rejected, hotel.full"| undo0
  step2 -.->|"no answer within 60000 ms"| undo2
  step3{{"pay, the pivot"}}
  step3 -->|"accepted"| step4
  step3 -.->|"rejected"| undo2
  step4["mail"]
  step4 -->|"mail.sent"| completed
  step4 -.->|"rejected, or no answer within 5 ms"| step4
  completed((("completed")))
  cancel0(["trip.booked"])
  cancel0 -.->|"cancels"| undo2
  cancel1[/"hotel.closed"/]
  cancel1 -.->|"cancels"| undo2
  undo2["compensate hotel"]
  undo2 --> undo0
  undo0["compensate flight"]
  undo0 --> compensated
  compensated((("compensated")))
`);
    expect(processGraph(booking)).toBe(processGraph(booking));
  });

  test('has names that Mermaid would read as its own words or markup escaped', () => {
    expect(box('step0', 'a "b" [c] #1; <b>é\n', 'round')).toBe(
      '  step0(["a #34;b#34; #91;c#93; #35;1#59; #60;b#62;é#10;"])',
    );
    expect(edge('a', 'b', '|"')).toBe('  a -->|"#124;#34;"| b');
  });

  test('is of a process only', () => {
    for (const wrong of [undefined, null, 'transfer', {}, { kind: 'process' }, tripEvents])
      expect(() => processGraph(wrong as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', argument: 'process' }),
      );
  });
});
