export { killBackends } from './backends.ts';
export { shiftClock } from './clock.ts';
export { startDyingServer } from './dying-server.ts';
export { pauseFunction } from './function-pause.ts';
export { killProcess, pauseProcess, typescriptFlags } from './processes.ts';
export { backUpDatabase, type DatabaseBackup } from './database-backup.ts';
export { crashServer, restartServer } from './server.ts';
export { TcpProxy } from './tcp-proxy.ts';
