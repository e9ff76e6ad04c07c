import { readFileSync } from 'node:fs';

/** True for a process of any user that has not ended. On Linux false for a zombie, too. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return processFacts(pid)?.hasEnded !== true;
}

/** Facts that only Linux reports; undefined on other systems, and when there is no such process. */
export function processFacts(pid: number): { hasEnded: boolean; startedAt: string | null } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): the second field, in parentheses, may contain spaces; the third is the state, the 22nd the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { hasEnded: fields[0] === 'Z' || fields[0] === 'X', startedAt: fields[19] ?? null };
  } catch {
    return undefined;
  }
}
