import { z } from 'zod';
import { InvalidNameError } from '../errors/definition-errors.ts';
import { type AnyEventGroup, defineEvents } from '../event/define-events.ts';
import type { JsonValue } from '../event/json.ts';
import type { EventShapes } from '../event/event-shapes.ts';
import type { ProcessOutput } from './process-outputs.ts';
import type { RecordedInput } from './process-inputs.ts';

const version = z.int().positive();
const reason = z.string();
const summary = z.string().optional();
// What is recorded was made by the framework: only JSON has to keep it, which every append checks.
const json = z.custom<JsonValue>();
const input = z.custom<RecordedInput>();
const outputs = z.array(z.custom<ProcessOutput>()).readonly();

/** The events in the stream of an instance, beside those that its process publishes. */
export const processShapes = {
  /** The first event of an instance. `definition`: a hash of the process's code. */
  started: z.object({ version, definition: z.string() }),
  /**
   * An input, and what the process made of it. `deferred`: it came while the instance was paused. `late`: the rejection of a
   * command came after the instance had failed, and is kept for a retry.
   */
  received: z.object({
    input,
    outputs,
    deferred: z.literal(true).optional(),
    late: z.literal(true).optional(),
    summary,
  }),
  paused: z.object({ reason }),
  /**
   * `handled`: the inputs that were deferred, in order, with what the process made of each. `remaining`: as many are left, and
   * the instance is paused until another one takes them.
   */
  resumed: z.object({
    reason,
    remaining: z.int().min(1).optional(),
    handled: z.array(z.object({ type: z.string(), name: z.string().optional(), outputs })).readonly(),
    summary,
  }),
  cancelled: z.object({ reason }),
  /** `outputs`: the commands that were rejected last, which are issued again. */
  retried: z.object({ reason, outputs }),
  /** Another process of the app goes on with the instance: what the former one still has to say of its commands is refused. */
  continued: z.object({}),
  moved: z.object({
    reason,
    from: version,
    version,
    definition: z.string(),
    state: json,
    paused: z.literal(true).optional(),
    summary,
  }),
  /** The first event of an instance that continues as another one was after its event `atVersion`. */
  forked: z.object({
    reason,
    from: z.string(),
    atVersion: version,
    version,
    definition: z.string(),
    state: json,
    outputs,
    summary,
  }),
} as const;

/** The data of an event in the stream of an instance. */
export type ProcessEventData<TName extends keyof typeof processShapes> = z.output<
  (typeof processShapes)[TName]
>;

/** All events of a process, and those of them that it publishes. */
export interface ProcessEventGroups {
  readonly own: AnyEventGroup;
  readonly published: AnyEventGroup;
}

/** @throws InvalidNameError when a published event has the name of one of the framework */
export function processEventsOf(name: string, publishes: EventShapes): ProcessEventGroups {
  const taken = Object.keys(publishes).find((event) => Object.hasOwn(processShapes, event));
  if (taken !== undefined)
    throw new InvalidNameError(
      'event name',
      taken,
      `is that of an event which every process has; choose another`,
    );
  const own: AnyEventGroup = defineEvents(name, { ...processShapes, ...publishes });
  const published = {
    category: name,
    definitions: own.definitions.filter(({ type }) => Object.hasOwn(publishes, type.slice(name.length + 1))),
    retired: [],
    create: Object.fromEntries(Object.keys(publishes).map((event) => [event, own.create[event]!])),
  };
  return { own, published };
}
