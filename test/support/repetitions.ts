/**
 * Returns how often something is repeated whose cases are by chance or by seed. CI has the time for more of them and sets
 * CRONFLOW_THOROUGH; a person who waits for the tests has not.
 * @param usual the number for everyone
 * @param thorough the number for CI
 */
export function repetitions(usual: number, thorough: number): number {
  return process.env.CRONFLOW_THOROUGH === undefined ? usual : thorough;
}
