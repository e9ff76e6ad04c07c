import { arch, availableParallelism, platform, totalmem } from 'node:os';

/** The class of a machine: enough to judge figures by, without identifying the machine. */
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
