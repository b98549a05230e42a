import type { ComponentType, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useSignal, useSignalEffect } from '@preact/signals';
import { BASE } from './api/base.ts';
import { isLoginNeeded } from './api/client.ts';
import { connection, followChanges } from './live/connection.ts';
import { reloadOnce } from './live/reload.ts';
import { stale } from './live/stale.ts';
import { type Place, placeOf, type ScreenName } from './model/address.ts';
import { warningOf } from './model/words.ts';
import { go, Link, place } from './router.tsx';
import { Now } from './screens/now/now.tsx';
import { Help, isHelpOpen } from './ui/help.tsx';
import { addShortcuts, startKeyboard } from './ui/keyboard.ts';
import { Clock } from './ui/moment.tsx';
import { Failure, Notice } from './ui/notice.tsx';
import { loadSession, loginAddress, logOut, server, session } from './ui/session.ts';
import { nextTheme, theme } from './ui/theme.ts';
import { countOpen, showTitle } from './ui/title.ts';

export type Screen = ComponentType<{ place: Place }>;

/** The screens. All but the first are loaded when they are opened, so that the first one is there soon. */
const SCREENS: Readonly<Partial<Record<ScreenName, { title: string; load: () => Promise<Screen> }>>> = {
  now: { title: 'Now', load: async () => Now },
  incidents: { title: 'Incidents', load: async () => (await import('./screens/incidents.tsx')).Incidents },
  incident: { title: 'Incident', load: async () => (await import('./screens/incident.tsx')).IncidentPage },
  deliveries: {
    title: 'Deliveries',
    load: async () => (await import('./screens/deliveries.tsx')).Deliveries,
  },
  configuration: {
    title: 'Configuration',
    load: async () => (await import('./screens/configuration.tsx')).Configuration,
  },
  check: { title: 'Check', load: async () => (await import('./screens/check.tsx')).Check },
  audit: { title: 'Audit', load: async () => (await import('./screens/audit.tsx')).Audit },
  timeline: {
    title: 'Timeline',
    load: async () => (await import('./screens/timeline/timeline.tsx')).Timeline,
  },
  job: { title: 'Job', load: async () => (await import('./screens/job/job.tsx')).JobScreen },
};
/** The screens of the menu, and the key that opens each behind a `g`. */
const MENU: readonly { screen: ScreenName; key: string }[] = [
  { screen: 'now', key: 'n' },
  { screen: 'timeline', key: 't' },
  { screen: 'incidents', key: 'i' },
  { screen: 'deliveries', key: 'd' },
  { screen: 'configuration', key: 'c' },
  { screen: 'audit', key: 'a' },
  { screen: 'check', key: 'k' },
];

/** The whole page: the bar on top, what is wrong with the connection, and the screen. */
export function App(): JSX.Element {
  useEffect(() => {
    startKeyboard();
    const end = followChanges((changes) => {
      if (changes.some(({ type }) => type === 'fresh' || type === 'configuration')) void loadSession();
    });
    const endCount = countOpen();
    const endKeys = addShortcuts([
      { keys: '?', does: 'show or hide these keys', run: () => (isHelpOpen.value = !isHelpOpen.value) },
      { keys: 't', does: 'change the theme', run: nextTheme },
      ...MENU.map(({ screen, key }) => ({
        keys: `g ${key}`,
        does: `go to ${SCREENS[screen]!.title}`,
        run: () => go({ screen }),
      })),
    ]);
    return () => {
      end();
      endKeys();
      endCount();
    };
  }, []);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Bar />
      <Trouble />
      <main id="main" tabIndex={-1}>
        <ShownScreen />
      </main>
      <Help />
    </>
  );
}

/** Scrolls a menu that is wider than the window until it shows the screen that is open. */
function showCurrent(nav: HTMLElement | null): void {
  const current = nav?.querySelector('[aria-current]')?.getBoundingClientRect();
  if (nav === null || current === undefined) return;
  const { left, width } = nav.getBoundingClientRect();
  nav.scrollLeft += current.left + current.width / 2 - (left + width / 2);
}

function Bar(): JSX.Element {
  const { screen } = place.value;
  const who = session.value;
  const nav = useRef<HTMLElement>(null);
  useEffect(() => showCurrent(nav.current), [screen]);
  return (
    <header class="bar">
      <Link to={{ screen: 'now' }} class="brand">
        Cronflow
      </Link>
      <nav aria-label="Screens" ref={nav}>
        {MENU.map((each) => (
          <Link
            key={each.screen}
            to={{ screen: each.screen }}
            aria-current={
              each.screen === screen || (screen === 'incident' && each.screen === 'incidents')
                ? 'page'
                : undefined
            }
          >
            {SCREENS[each.screen]!.title}
          </Link>
        ))}
      </nav>
      <div class="tools">
        <ConnectionState />
        <button type="button" class="quiet" onClick={nextTheme} title="Change the theme (t)">
          {{ system: 'Auto', light: 'Light', dark: 'Dark' }[theme.value]}
        </button>
        <button
          type="button"
          class="quiet"
          aria-label="Keys"
          title="Keys (?)"
          onClick={() => (isHelpOpen.value = true)}
        >
          ?
        </button>
        <a href={`${BASE}/docs`}>API</a>
        {who?.via === 'session' && (
          <button
            type="button"
            class="quiet"
            onClick={() => void logOut()}
            title={`Logged in by the token ${who.who}`}
          >
            Log out
          </button>
        )}
      </div>
    </header>
  );
}

function ConnectionState(): JSX.Element {
  const { state } = connection.value;
  const text = { connecting: 'connecting', live: 'live', lost: 'lost' }[state];
  return (
    <span class={`connection ${state}`} role="status">
      {text}
    </span>
  );
}

/** What keeps the page from being right, and what keeps anybody from being told. */
function Trouble(): JSX.Element {
  const { state, sinceAt, status } = connection.value;
  return (
    <div class="strips">
      {isLoginNeeded.value && (
        <p role="alert">
          The session is over. <a href={loginAddress()}>Log in again</a>
        </p>
      )}
      {state === 'lost' && !isLoginNeeded.value && (
        <p role="alert">
          Cronflow cannot be reached since <Clock at={sinceAt} />
          {status !== null && ` (the answer is ${status})`}. What is shown is from then. The page tries again
          by itself.
        </p>
      )}
      {state === 'live' && stale.value !== null && !isLoginNeeded.value && (
        <p role="alert">
          Since <Clock at={stale.value.sinceAt} /> some of what is shown cannot be asked for again:{' '}
          {stale.value.detail} The page tries again by itself.
        </p>
      )}
      {server.value?.warnings.map((warning) => (
        <Warning key={warning} text={warning} />
      ))}
    </div>
  );
}

/** A warning of the service. Where it names a route of the API that says why, the screen of that route is linked. */
function Warning({ text }: { text: string }): JSX.Element {
  const { said, path } = warningOf(text);
  const where = path === null ? null : placeOf(`/ui${path.pathname}`, path.search, '');
  return (
    <p class="warning" role="alert">
      {said}
      {where !== null && where.screen !== 'nothing' && (
        <>
          {' '}
          <Link to={where}>Why?</Link>
        </>
      )}
    </p>
  );
}

function ShownScreen(): JSX.Element {
  const where = place.value;
  const known = SCREENS[where.screen];
  useSignalEffect(() => {
    const { screen, job } = place.value;
    showTitle(job ?? SCREENS[screen]?.title ?? 'Nothing here');
  });
  const shown = useSignal<{ name: ScreenName; Screen: Screen } | Error | null>(
    where.screen === 'now' ? { name: 'now', Screen: Now } : null,
  );
  useEffect(() => {
    let isOver = false;
    const load = async (): Promise<void> => {
      try {
        const Screen = await known?.load();
        if (!isOver && Screen !== undefined) shown.value = { name: where.screen, Screen };
      } catch (error) {
        if (!isOver) shown.value = error as Error;
        // The page may be older than the server, which then has other files.
        reloadOnce();
      }
    };
    void load();
    return () => {
      isOver = true;
    };
  }, [where.screen]);
  if (known === undefined) {
    return (
      <Notice title="There is nothing at this address">
        <p>
          <Link to={{ screen: 'now' }}>Go to the first screen</Link>
        </p>
      </Notice>
    );
  }
  if (shown.value instanceof Error) return <Failure error={shown.value} />;
  const { Screen } = shown.value ?? {};
  return Screen === undefined || shown.value?.name !== where.screen ? (
    <p class="loading">Loading …</p>
  ) : (
    <Screen place={where} />
  );
}
