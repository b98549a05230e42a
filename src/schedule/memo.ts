/**
 * Keeps the answers of a function of texts, because most texts recur from job to job. An error that the function throws
 * is not kept, so it is thrown each time.
 * @param max how many answers are kept; one more, and all are forgotten
 */
export function memoised<T extends number | string | object>(
  max: number,
  read: (text: string) => T,
): (text: string) => T {
  const answers = new Map<string, T>();
  return (text) => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    const answer = read(text);
    if (answers.size >= max) answers.clear();
    answers.set(text, answer);
    return answer;
  };
}
