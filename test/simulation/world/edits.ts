import type { Declaration } from '../../../src/core/model/declaration.ts';
import { slotAfter } from '../../../src/core/model/slots.ts';
import { DEFAULT_GLOBALS, specOf } from '../../../src/core/model/spec.ts';
import type { Happening } from '../script.ts';
import { type DeclarationOptions, editedDeclaration } from './declarations.ts';
import type { Dice } from './dice.ts';
import type { Window } from './network.ts';
import { MINUTE_MS } from '../../../src/schedule/units.ts';

/** Returns any time, often one at which a slot has come and its grace is not over. */
function timeOfDoing(dice: Dice, job: string, declaration: Declaration, span: Window): number {
  const at = dice.int(span.from_at + 1, span.to_at);
  if (dice.chance(0.6)) return at;
  const spec = specOf(job, declaration, DEFAULT_GLOBALS);
  const slotAt = slotAfter(spec, at);
  return Math.min(span.to_at, (slotAt ?? at) + dice.int(1, spec.graceMs));
}

/** Makes what people do to one job: edits, pauses, acknowledgements, in order. */
export function randomDoings(
  dice: Dice,
  job: string,
  declaration: Declaration,
  span: Window,
  options: DeclarationOptions,
): Happening[] {
  const doings: Happening[] = [];
  let current: Declaration | null = declaration;
  const count = dice.pick([0, 0, 0, 1, 1, 2, 4]);
  const times = Array.from({ length: count }, () => timeOfDoing(dice, job, declaration, span)).sort(
    (a, b) => a - b,
  );
  for (const at of times) {
    const kind = dice.random();
    if (kind < 0.15) {
      const untilAt = at + dice.spanMs(MINUTE_MS, span.to_at - span.from_at);
      doings.push({ at, type: 'pause', job, ...(dice.chance(0.4) ? { until_at: untilAt } : {}) });
      if (dice.chance(0.6))
        doings.push({ at: at + dice.spanMs(MINUTE_MS, span.to_at - span.from_at), type: 'resume', job });
    } else if (kind < 0.3) {
      const untilAt = at + dice.spanMs(MINUTE_MS, span.to_at - span.from_at);
      doings.push({ at, type: 'acknowledge', job, until_at: untilAt });
    } else if (kind < 0.45) {
      const removed: Declaration | null = current;
      current = current === null ? declaration : null;
      doings.push({ at, type: 'edit', job, declaration: current });
      if (removed !== null && dice.chance(0.8)) {
        current = removed;
        const againAt = at + dice.spanMs(MINUTE_MS, (span.to_at - span.from_at) / 4);
        doings.push({ at: againAt, type: 'edit', job, declaration: removed });
      }
    } else if (kind < 0.55 && current !== null) {
      current = { ...current, paused: !(current.paused ?? false) };
      doings.push({ at, type: 'edit', job, declaration: current });
    } else if (current !== null) {
      current = editedDeclaration(dice, current, options);
      doings.push({ at, type: 'edit', job, declaration: current });
    }
  }
  return doings.sort((a, b) => a.at - b.at).filter(({ at }) => at < span.to_at);
}
