/**
 * Returns a function that calls another one once it has not been called for a moment, with what it was called with last,
 * so that scrolling past a thousand rows asks for the last of them alone.
 */
export function onceAtRest<Value>(ms: number, run: (value: Value) => void): (value: Value) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (value) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(value), ms);
  };
}
