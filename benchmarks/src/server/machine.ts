import { arch, availableParallelism, platform, totalmem } from 'node:os';

/** The class of a machine: enough to judge figures by, not enough to know which one it is. */
export interface Machine {
  readonly cores: number;
  readonly memoryMb: number;
  readonly system: string;
}

export function machine(): Machine {
  return {
    cores: availableParallelism(),
    memoryMb: Math.floor(totalmem() / 2 ** 20),
    system: `${platform()} ${arch()}`,
  };
}
