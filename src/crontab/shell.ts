/** A word of a shell command. */
export interface Word {
  /** The text without quotes. Parts that only the shell knows (`$HOME`, `$(date)`) are left out. */
  text: string;
  /** True if nothing was left out. */
  literal: boolean;
}

/** The parts of a shell script that can be seen without running it. */
export interface Script {
  /** Simple commands in their order, without redirections; those in `$(...)` are not looked at. */
  commands: Word[][];
  /** The texts behind `#`. */
  comments: string[];
}

/** Deeper nesting is not looked into, because no person wrote it. */
const DEPTH_MAX = 50;
const BLANK = /[ \t\r]/;
const REDIRECTION = /(?:&>>?|<<<|<<-?|<>|[<>]&|>>|>\||[<>])/y;
const OPERATOR = /(?:&&|\|\||;;|\|&|[;&|()\n])/y;
const ENDS_WORD = /[ \t\r\n;&|<>()]/;
const VARIABLE = /\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/y;

/** Splits a command of a POSIX shell or bash into words. Whatever it holds, it is read to its end. */
export function readScript(text: string): Script {
  return new ScriptReader(text).read();
}

class ScriptReader {
  readonly #text: string;
  readonly #script: Script = { commands: [], comments: [] };
  #at = 0;
  #depth = 0;
  #command: Word[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  read(): Script {
    while (this.#at < this.#text.length) this.#step();
    this.#endCommand();
    return this.#script;
  }

  #step(): void {
    const next = this.#text[this.#at] ?? '';
    if (BLANK.test(next)) this.#at += 1;
    else if (next === '#') this.#comment();
    else if (/[<>]\(/y.test(this.#text.slice(this.#at, this.#at + 2))) this.#substitutedProcess();
    else if (this.#take(REDIRECTION) !== '') this.#target();
    else if (this.#take(OPERATOR) === '') this.#word();
    else this.#endCommand();
  }

  #comment(): void {
    const end = this.#text.indexOf('\n', this.#at);
    const to = end === -1 ? this.#text.length : end;
    this.#script.comments.push(this.#text.slice(this.#at + 1, to));
    this.#at = to;
  }

  #substitutedProcess(): void {
    this.#at += 2;
    this.#skipPast(')');
    this.#command.push({ text: '', literal: false });
  }

  /** Skips the file of a redirection, which is no argument. */
  #target(): void {
    while (BLANK.test(this.#text[this.#at] ?? '')) this.#at += 1;
    this.#readWord();
  }

  #word(): void {
    const word = this.#readWord();
    // A number right before a redirection names a stream: `2>file`.
    const isStream = /^\d+$/.test(word.text) && /[<>]/.test(this.#text[this.#at] ?? '');
    if (!isStream) this.#command.push(word);
  }

  #endCommand(): void {
    if (this.#command.length > 0) this.#script.commands.push(this.#command);
    this.#command = [];
  }

  #readWord(): Word {
    const word: Word = { text: '', literal: true };
    while (this.#at < this.#text.length && !ENDS_WORD.test(this.#text[this.#at] ?? '')) {
      const next = this.#text[this.#at] ?? '';
      if (next === "'") this.#singleQuoted(word);
      else if (next === '"') this.#doubleQuoted(word);
      else this.#unquoted(word);
    }
    return word;
  }

  #singleQuoted(word: Word): void {
    const end = this.#text.indexOf("'", this.#at + 1);
    const to = end === -1 ? this.#text.length : end;
    word.text += this.#text.slice(this.#at + 1, to);
    this.#at = to + 1;
  }

  #doubleQuoted(word: Word): void {
    this.#at += 1;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      if (this.#text[this.#at] === '\\' && !/[$`"\\\n]/.test(this.#text[this.#at + 1] ?? '')) {
        word.text += '\\';
        this.#at += 1;
      } else {
        this.#unquoted(word);
      }
    }
    this.#at += 1;
  }

  #unquoted(word: Word): void {
    const next = this.#text[this.#at] ?? '';
    if (next === '\\') {
      word.text += this.#text[this.#at + 1] ?? next;
      this.#at += 2;
    } else if ((next === '$' || next === '`') && this.#skipExpansion()) {
      word.literal = false;
    } else {
      word.text += next;
      this.#at += 1;
    }
  }

  /** Skips an expansion, and tells whether there is one. A lone `$` is none. */
  #skipExpansion(): boolean {
    if (this.#text[this.#at] === '`') {
      this.#at += 1;
      this.#skipPast('`');
      return true;
    }
    const opened = this.#text[this.#at + 1];
    if (opened === '(' || opened === '{') {
      this.#at += 2;
      this.#skipPast(opened === '(' ? ')' : '}');
      return true;
    }
    return this.#take(VARIABLE) !== '';
  }

  /** Goes on behind the given end. Quotes and brackets on the way may hold the same character. */
  #skipPast(end: string): void {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) this.#at = this.#text.length;
    while (this.#at < this.#text.length && this.#text[this.#at] !== end) {
      const next = this.#text[this.#at] ?? '';
      if (next === '\\') this.#at += 2;
      else if (next === "'" && end !== '}') this.#singleQuoted({ text: '', literal: true });
      else if (next === '"') this.#doubleQuoted({ text: '', literal: true });
      else if (next === '$' && this.#skipExpansion()) continue;
      else {
        this.#at += 1;
        if (next === '(' && end === ')') this.#skipPast(')');
      }
    }
    this.#depth -= 1;
    this.#at += 1;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}
