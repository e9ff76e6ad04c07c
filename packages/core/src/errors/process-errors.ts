import { LeftfoldError } from './leftfold-error.ts';
import { thrownText } from './thrown.ts';
import { shownName } from './shown.ts';

/** An instance of a process. */
export interface ProcessInstanceRef {
  readonly process: string;
  readonly id: string;
}

abstract class ProcessInstanceError extends LeftfoldError {
  readonly process: string;
  readonly instanceId: string;

  constructor({ process, id }: ProcessInstanceRef, message: string, options?: ErrorOptions) {
    super(message, options);
    this.process = process;
    this.instanceId = id;
  }
}

function shownInstance({ process, id }: ProcessInstanceRef): string {
  return `instance ${shownName(id)} of process ${shownName(process)}`;
}

/** An instance has a version of its process that this app does not have. */
export class ProcessVersionMissingError extends LeftfoldError {
  readonly code = 'PROCESS_VERSION_MISSING';
  readonly retryable = false;
  readonly process: string;
  readonly version: number;
  /** The versions that there are. */
  readonly given: readonly number[];

  /** @param count how many instances have it. @default one, at least */
  constructor(process: string, version: number, given: readonly number[], count?: number) {
    const of = `of process ${shownName(process)}`;
    const instances =
      count === undefined || count === 1 ? `an instance ${of} has` : `${count} open instances ${of} have`;
    super(
      `${instances} version ${version}, and this app has ${given.join(', ')} only; give it that version too, until its last instance has ended or was moved`,
    );
    this.process = process;
    this.version = version;
    this.given = given;
  }
}

/**
 * A version of a process is defined in another way than when open instances began with it. They go on with the functions
 * that it has now. An incident.
 */
export class ProcessDefinitionChangedError extends LeftfoldError {
  readonly code = 'PROCESS_DEFINITION_CHANGED';
  readonly retryable = false;
  readonly process: string;
  readonly version: number;
  /** How many open instances began with another definition of it. */
  readonly count: number;

  constructor(process: string, version: number, count: number) {
    const instances = count === 1 ? 'an open instance' : `${count} open instances`;
    super(
      `version ${version} of process ${shownName(process)} is defined in another way than when ${instances} began with it, and they go on with what it is now: a step or a state that they have may not be there; if they should go on as they began, give the app that definition as version ${version}, and this one as version ${version + 1}`,
    );
    this.process = process;
    this.version = version;
    this.count = count;
  }
}

/** There is no such instance. */
export class ProcessInstanceNotFoundError extends ProcessInstanceError {
  readonly code = 'PROCESS_INSTANCE_NOT_FOUND';
  readonly retryable = false;

  constructor(ref: ProcessInstanceRef, options?: ErrorOptions) {
    super(
      ref,
      `${shownInstance(ref)} does not exist; check its id, and that one of the inputs in "starts" has come`,
      options,
    );
  }
}

/** An operator wants what the state of the instance does not allow. Nothing was changed. */
export class ProcessOperationRefusedError extends ProcessInstanceError {
  readonly code = 'PROCESS_OPERATION_REFUSED';
  readonly retryable = false;
  /** `pause`, `resume`, `cancel`, `retry`, `move` or `fork`. */
  readonly operation: string;

  constructor(ref: ProcessInstanceRef, operation: string, why: string, options?: ErrorOptions) {
    super(ref, `operation ${shownName(operation)} is refused for ${shownInstance(ref)}: ${why}`, options);
    this.operation = operation;
  }
}

/**
 * A deadline of an instance is due, and each attempt to record it as an input fails, as when a function of the process
 * throws. It is tried again at growing intervals, without limit, and later deadlines of its instance wait. An incident.
 */
export class ProcessDeadlineFailedError extends ProcessInstanceError {
  readonly code = 'PROCESS_DEADLINE_FAILED';
  readonly retryable = false;
  /** Its name. */
  readonly deadline: string;
  /** How often it has failed. */
  readonly attempts: number;

  /** @param options.cause what the last attempt threw */
  constructor(
    ref: ProcessInstanceRef,
    { deadline, attempts }: { readonly deadline: string; readonly attempts: number },
    options: { readonly cause: unknown },
  ) {
    const times = attempts === 1 ? 'once' : `${attempts} times`;
    super(
      ref,
      `deadline ${shownName(deadline)} of ${shownInstance(ref)} has failed ${times}: ${thrownText(options.cause)}; it is tried again at growing intervals, and later deadlines of this instance wait for it: deploy what mends the cause, or cancel the instance`,
      options,
    );
    this.deadline = deadline;
    this.attempts = attempts;
  }
}

/** An instance did not end in time. */
export class ProcessTimeoutError extends ProcessInstanceError {
  readonly code = 'PROCESS_TIMEOUT';
  readonly retryable = true;
  readonly timeoutMs: number;

  /**
   * @param found the state of the instance, and what it waits for where that is known
   * @param options.advice what to do. @default to wait longer
   */
  constructor(
    ref: ProcessInstanceRef,
    found: string,
    timeoutMs: number,
    {
      advice = 'wait longer, and see status() and parked for failures',
      ...options
    }: ErrorOptions & { readonly advice?: string } = {},
  ) {
    super(ref, `${shownInstance(ref)} did not end within ${timeoutMs} ms: ${found}; ${advice}`, options);
    this.timeoutMs = timeoutMs;
  }
}
