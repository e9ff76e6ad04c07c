import { LeftfoldError } from './leftfold-error.ts';
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

  constructor(process: string, version: number, given: readonly number[]) {
    super(
      `an instance of process ${shownName(process)} has version ${version}, and this app has ${given.join(', ')} only; give it that version too, until its last instance has ended or was moved`,
    );
    this.process = process;
    this.version = version;
    this.given = given;
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

/** An instance did not end in time. */
export class ProcessTimeoutError extends ProcessInstanceError {
  readonly code = 'PROCESS_TIMEOUT';
  readonly retryable = true;
  readonly timeoutMs: number;

  constructor(ref: ProcessInstanceRef, found: string, timeoutMs: number, options?: ErrorOptions) {
    super(
      ref,
      `${shownInstance(ref)} did not end within ${timeoutMs} ms: ${found}; wait longer, and see status() and parked for failures`,
      options,
    );
    this.timeoutMs = timeoutMs;
  }
}
