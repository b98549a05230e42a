import type { JSX } from 'preact';

/**
 * Errors as they are written for people, each with its line and a caret. What is said may wrap, and a line with the caret
 * below it may not.
 */
export function FaultText({ text }: { text: string }): JSX.Element {
  return (
    <div class="block fault-text mono">
      {text.split('\n').map((line, index) => (
        <div key={index} class={line.startsWith(' ') ? 'quoted' : 'said'}>
          {line}
        </div>
      ))}
    </div>
  );
}
