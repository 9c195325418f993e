// Shows progress on a stream: one line that is redrawn on a terminal, plain lines once a second anywhere else.
import type { Clock } from '../../base/clock.ts';
import { barLine, type Progress, plainLine } from './progress-bar.ts';
import type { Style } from './style.ts';

/** What of a stream is needed; `process.stdout` and `process.stderr` have it. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export interface LiveLine {
  show(progress: Progress): void;
  /** Leaves the last line standing, and the cursor as it was. May be called twice. */
  end(): void;
}

const PLAIN_EVERY_US = 1_000_000;
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_TO_END = '\x1b[K';

export const createLiveLine = (output: Output, style: Style, clock: Pick<Clock, 'monotonicUs'>): LiveLine =>
  output.isTTY ? redrawn(output, style) : inLines(output, clock);

/** One write per picture, over the old one, and none when nothing changed: nothing can flicker. */
function redrawn(output: Output, style: Style): LiveLine {
  let shown: string | undefined;
  return {
    show(progress) {
      const line = barLine(progress, output.columns ?? 80, style);
      if (line === shown) return;
      output.write(`${shown === undefined ? HIDE_CURSOR : ''}\r${line}${CLEAR_TO_END}`);
      shown = line;
    },
    end() {
      if (shown !== undefined) output.write(`\n${SHOW_CURSOR}`);
      shown = undefined;
    },
  };
}

function inLines(output: Output, clock: Pick<Clock, 'monotonicUs'>): LiveLine {
  let nextAtUs = 0;
  return {
    show(progress) {
      const nowUs = clock.monotonicUs();
      if (nowUs < nextAtUs && progress.done < progress.total) return;
      output.write(`${plainLine(progress)}\n`);
      nextAtUs = nowUs + PLAIN_EVERY_US;
    },
    end() {},
  };
}
