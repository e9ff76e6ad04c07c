export type { ProcessExecuteOptions, ProcessExecutor } from './engine/process-executor.ts';
export type { InstanceStatus } from './instance/instance-state.ts';
export { processAggregates } from './instance/process-aggregate.ts';
export { assertNoAggregateOf, assertProcess } from './instance/process-versions.ts';
export type { ForkOptions, LoadedInstance, OperateOptions } from './runner/process-instances.ts';
export {
  createProcessRunner,
  type ProcessInstancesOptions,
  type ProcessRef,
  ProcessRunner,
  type ProcessRunnerOptions,
  type ProcessStatus,
} from './runner/process-runner.ts';
export type { InstanceCount, ProcessInstance } from './sql/instances.ts';
