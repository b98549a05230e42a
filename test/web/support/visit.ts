import axe, { type AxeResults } from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { launchChromium } from '../../support/chromium.ts';
import { WAIT_LIMIT_MS } from '../../support/limits.ts';
import { BEGIN_MS_MAX } from '../../../src/web/model/stream.ts';
import { MORNING_AT, ZONE } from './morning.ts';

/** The window of somebody with a small laptop. */
const WINDOW = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** What Chromium notes of an answer that is a refusal, or of none; only tests that want one allow it. */
const REFUSED = /^Failed to load resource: /;

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors, violations of the CSP and requests to other hosts. Any that is left at the end fails the test. */
  readonly complaints: string[];
  /** From now on, answers that are refusals, and requests without an answer, are no complaint. */
  readonly allowRefusals: () => void;
}

export interface VisitOptions extends BrowserContextOptions {
  /** What the page takes for the present; the morning after the night unless given. */
  nowAt?: number;
}

let browser: Browser | undefined;
const open = new Map<Visit, string>();

/** Starts one browser for a file of tests, and holds after each test that no page had anything to complain of. */
export function useBrowser(): void {
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterEach(async () => {
    const visits = [...open.keys()];
    open.clear();
    for (const { context } of visits) await context.close();
    expect(visits.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
  });
}

/**
 * Opens an address as somebody in Berlin does at 8:05, with cookies and a storage of its own. The clock of the page goes
 * on from there.
 */
export async function visit(url: string, options: VisitOptions = {}): Promise<Visit> {
  if (browser === undefined) throw new Error('call useBrowser() at the top of the file');
  const { nowAt = MORNING_AT, ...others } = options;
  const context = await browser.newContext({
    viewport: WINDOW,
    timezoneId: ZONE,
    locale: 'en-GB',
    reducedMotion: 'reduce',
    ...others,
  });
  context.setDefaultTimeout(WAIT_LIMIT_MS);
  await context.addInitScript(shiftClock, nowAt - Date.now());
  await context.addInitScript(TELL_VIOLATIONS);
  const page = await context.newPage();
  const complaints: string[] = [];
  let allowsRefusals = false;
  const origin = new URL(url).origin;
  context.on('request', (request) => {
    const target = new URL(request.url());
    const isOwn = target.origin === origin || target.protocol === 'data:' || target.protocol === 'blob:';
    if (!isOwn) complaints.push(`asked ${target.origin} for ${target.pathname}`);
  });
  context.on('weberror', (error) => complaints.push(error.error().message));
  context.on('console', (message) => {
    if (message.type() !== 'error' || (allowsRefusals && REFUSED.test(message.text()))) return;
    complaints.push(`${message.text()} (${message.location().url})`);
  });
  const visited: Visit = { page, context, complaints, allowRefusals: () => void (allowsRefusals = true) };
  open.set(visited, url);
  await page.goto(url);
  return visited;
}

/** Runs in the page: its clock is ahead by so much, or behind. */
function shiftClock(offsetMs: number): void {
  const RealDate = globalThis.Date;
  const now = (): number => RealDate.now() + offsetMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: (target) => new target(now()).toString(),
    get: (target, key) => (key === 'now' ? now : (Reflect.get(target, key) as unknown)),
  });
}

/**
 * Opens a page again from nothing, and returns the addresses that it asks for from then on. On a slow machine it waits
 * for the stream of events as on a fast one, where otherwise it would load everything before the stream and after it.
 */
export async function visitAgain({ page, context }: Visit): Promise<string[]> {
  const url = page.url();
  await page.goto('about:blank');
  await context.addInitScript(dropTimers, BEGIN_MS_MAX);
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.resourceType() === 'fetch') asked.push(request.url().slice(new URL(url).origin.length));
  });
  await page.goto(url);
  return asked;
}

/** Runs in the page: what is to happen after exactly so long does not. */
function dropTimers(afterMs: number): void {
  const set = globalThis.setTimeout;
  const setOthers = (run: () => void, ms?: number): unknown => (ms === afterMs ? 0 : set(run, ms));
  globalThis.setTimeout = setOthers as typeof setTimeout;
}

/** Moves the clock of a page that is open, as the service moves its own. */
export async function moveClock(page: Page, byMs: number): Promise<void> {
  await page.evaluate(shiftClock, byMs);
}

/** Runs in the page: says loudly what its CSP forbids. */
const TELL_VIOLATIONS = `addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
  console.error('CSP: ' + violatedDirective + ' forbids ' + blockedURI);
});`;

/** Returns what axe finds wrong in the page as it is, a line for each. */
export async function faultsByAxe(page: Page): Promise<string[]> {
  // The CSP of the page would refuse it as an element of a script.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary ?? ''}`),
  );
}
