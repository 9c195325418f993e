// Colours, where somebody looks: on a terminal, and not when NO_COLOR is set (no-color.org).
import { styleText } from 'node:util';

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  accent(text: string): string;
}

export const plain: Style = { bold: same, dim: same, good: same, bad: same, accent: same };

export const coloured: Style = {
  bold: (text) => styleText('bold', text, { validateStream: false }),
  dim: (text) => styleText('dim', text, { validateStream: false }),
  good: (text) => styleText('green', text, { validateStream: false }),
  bad: (text) => styleText('red', text, { validateStream: false }),
  accent: (text) => styleText('cyan', text, { validateStream: false }),
};

export interface Screen {
  isTTY?: boolean;
}

export function styleFor({ isTTY }: Screen, env: NodeJS.ProcessEnv): Style {
  const wanted = isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return wanted ? coloured : plain;
}

function same(text: string): string {
  return text;
}
