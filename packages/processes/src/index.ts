export type { ExecuteProcessCommand, ProcessExecuteOptions } from './engine/execute-command.ts';
export type { InstanceStatus } from './instance/instance-state.ts';
export { instanceAggregates, processAggregates } from './instance/process-aggregate.ts';
export { assertNoAggregateOf, assertProcess, newestOf } from './instance/process-versions.ts';
export type { VersionProblem } from './runner/open-versions.ts';
export type {
  ForkOptions,
  LoadedDeadline,
  LoadedInstance,
  OperateOptions,
} from './runner/process-instances.ts';
export { createProcessRunner, ProcessRunner } from './runner/process-runner.ts';
export type {
  ProcessInstancesOptions,
  ProcessRef,
  ProcessRunnerOptions,
  ProcessStatus,
} from './runner/process-runner-options.ts';
export type { FailingDeadline, FailingDeadlines } from './sql/deadlines.ts';
export type { InstanceCount, ProcessInstance } from './sql/instances.ts';
