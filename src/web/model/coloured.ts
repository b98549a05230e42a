import { plainText } from './output.ts';

/** Output with the colours that a terminal would show, as pieces of text that look alike. */

export interface Piece {
  text: string;
  /** Names of looks for the style sheet, such as `ink-red strong`; empty for ordinary text. */
  looks: string;
}

const INKS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;
// oxlint-disable-next-line no-control-regex
const COLOURING = /\u001b\[([\d;:]*)m/;

interface Look {
  ink: string | null;
  isStrong: boolean;
  isFaint: boolean;
  isUnderlined: boolean;
}

const PLAIN: Look = { ink: null, isStrong: false, isFaint: false, isUnderlined: false };

/** Splits an output where its look changes. All other orders to a terminal, and what nobody can see, are left out. */
export function colouredPieces(output: string): Piece[] {
  const pieces: Piece[] = [];
  let look = PLAIN;
  // Every second part is the numbers of an order.
  for (const [index, part] of output.split(COLOURING).entries()) {
    if (index % 2 === 1) look = lookAfter(look, part);
    else {
      const text = plainText(part);
      const looks = looksOf(look);
      const last = pieces.at(-1);
      if (text === '') continue;
      if (last?.looks === looks) last.text += text;
      else pieces.push({ text, looks });
    }
  }
  return pieces;
}

function lookAfter(before: Look, order: string): Look {
  const codes = order.split(/[;:]/).map(Number);
  const look = { ...before };
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index]!;
    // A colour of 256, or of all: the first 16 are those that have names, and others are shown as ordinary text.
    if (code === 38 || code === 48) {
      const isOf256 = codes[index + 1] === 5;
      if (code === 38) look.ink = isOf256 ? inkOf(codes[index + 2]!) : null;
      index += isOf256 ? 2 : 4;
    } else Object.assign(look, changeBy(code));
  }
  return look;
}

function changeBy(code: number): Partial<Look> {
  if (code >= 30 && code <= 37) return { ink: inkOf(code - 30) };
  if (code >= 90 && code <= 97) return { ink: inkOf(code - 90) };
  switch (code) {
    case 0:
      return PLAIN;
    case 1:
      return { isStrong: true };
    case 2:
      return { isFaint: true };
    case 4:
      return { isUnderlined: true };
    case 22:
      return { isStrong: false, isFaint: false };
    case 24:
      return { isUnderlined: false };
    case 39:
      return { ink: null };
    default:
      return {};
  }
}

/** Black and white are the ink of ordinary text in one of the themes, and invisible in the other. */
function inkOf(number: number): string | null {
  const name = number < 16 ? INKS[number % 8] : undefined;
  return name === undefined || name === 'black' || name === 'white' ? null : name;
}

function looksOf({ ink, isStrong, isFaint, isUnderlined }: Look): string {
  const names = [
    ink !== null && `ink-${ink}`,
    isStrong && 'strong',
    isFaint && 'faint',
    isUnderlined && 'underlined',
  ];
  return names.filter((name) => name !== false).join(' ');
}
