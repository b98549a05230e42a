/** Whoever does something in several commits signs with each of them. Another one goes on where no sign came for so long. */
const SIGNED_MS_MAX = 10_000;

/** Tells whether whoever does something in several commits has given no sign for so long that another one has to go on. */
export function isLeft({ signed_at: signedAt }: { signed_at: number }, nowAt: number): boolean {
  return Math.abs(nowAt - signedAt) > SIGNED_MS_MAX;
}
