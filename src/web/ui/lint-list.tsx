import type { JSX } from 'preact';
import type { Fault } from '../../cli/api-types.ts';
import { type LintAtPlaces, lintsWithPlaces, othersText, placeOf, shortPlaceOf } from '../model/faults.ts';
import { Link } from '../router.tsx';

/** Places of one lint that are shown before a reader asks for all. */
const PLACES_SHOWN = 10;

interface LintListProps {
  lints: readonly Fault[];
  /** False where the jobs may not exist, because the configuration is not applied. */
  hasLinks?: boolean;
}

/** Each lint once, with the jobs and the other places that it holds for. */
export function LintList({ lints, hasLinks = true }: LintListProps): JSX.Element {
  const others = othersText(lints);
  if (lints.length === 0) return <></>;
  return (
    <>
      <ul class="faults lints">
        {lintsWithPlaces(lints).map((lint) => (
          <LintItem key={`${lint.code} ${lint.message}`} lint={lint} hasLinks={hasLinks} />
        ))}
      </ul>
      {others !== null && (
        <p>
          {others}: <code>cronflow check</code> lists all.
        </p>
      )}
    </>
  );
}

function LintItem({ lint, hasLinks }: { lint: LintAtPlaces; hasLinks: boolean }): JSX.Element {
  const { code, severity, message, places } = lint;
  const left = places.slice(PLACES_SHOWN);
  return (
    <li>
      <strong>{severity}</strong>: {message} <code class="dim">[{code}]</code>
      <Places places={places.slice(0, PLACES_SHOWN)} hasLinks={hasLinks} />
      {left.length > 0 && (
        <details>
          <summary>and {left.length} more</summary>
          <Places places={left} hasLinks={hasLinks} />
        </details>
      )}
    </li>
  );
}

function Places({ places, hasLinks }: { places: readonly Fault[]; hasLinks: boolean }): JSX.Element {
  return (
    <ul class="places small">
      {places.map((place) => (
        <li key={`${placeOf(place)} ${place.path}`}>
          {place.job !== undefined && hasLinks ? (
            <Link to={{ screen: 'job', job: place.job }}>{place.job}</Link>
          ) : (
            (place.job ?? place.path)
          )}{' '}
          <code class="dim" title={placeOf(place)}>
            {shortPlaceOf(place)}
          </code>
        </li>
      ))}
    </ul>
  );
}
