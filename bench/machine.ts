// What the figures were measured on.
import os from 'node:os';

export interface Machine {
  cpu: string;
  cores: number;
  os: string;
  node: string;
  redis: string;
  kafka: string;
  date: string;
}

export const machineOf = (redis: string, kafka: string): Machine => ({
  cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
  cores: os.availableParallelism(),
  os: `${os.type()} ${os.release().split('-')[0]}`,
  node: process.versions.node,
  redis,
  kafka,
  date: new Date().toISOString().slice(0, 10),
});
