// What has to end when the demo ends, whatever the reason: in reverse order, and one that fails keeps no other from it.

export interface Cleanup {
  add(what: string, end: () => Promise<void>): void;
  /** May be called again: what has ended has ended. The answer names what did not end as it should. */
  run(): Promise<string[]>;
}

export function createCleanup(): Cleanup {
  const open: { what: string; end: () => Promise<void> }[] = [];
  return {
    add: (what, end) => void open.push({ what, end }),
    async run() {
      const troubles: string[] = [];
      for (let last = open.pop(); last; last = open.pop()) {
        try {
          await last.end();
        } catch (error) {
          troubles.push(`${last.what}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      return troubles;
    },
  };
}
