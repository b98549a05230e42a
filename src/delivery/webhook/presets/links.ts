/** Joins links to one line. A link that does not fit is left out, because a cut one would lead elsewhere. */
export function joinLinks(links: readonly string[], lengthMax: number): string {
  let all = '';
  for (const link of links) {
    const longer = all === '' ? link : `${all} · ${link}`;
    if (longer.length <= lengthMax) all = longer;
  }
  return all;
}
