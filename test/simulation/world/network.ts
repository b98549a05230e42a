import type { Happening, ScriptedPing } from '../script.ts';
import type { Dice } from './dice.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/schedule/units.ts';

export interface Window {
  from_at: number;
  to_at: number;
}

/** Says how well pings get from a host to Cronflow. */
export interface Network {
  lossProbability: number;
  duplicateProbability: number;
  /** The share of pings that take seconds to minutes, so that later ones overtake them. */
  slowProbability: number;
  /** The stretches in which nothing gets through. */
  outages: readonly Window[];
  /** A wrapper lets at most this pass between two attempts to replay. */
  retryMsMax: number;
}

export const PERFECT_NETWORK: Network = {
  lossProbability: 0,
  duplicateProbability: 0,
  slowProbability: 0,
  outages: [],
  retryMsMax: 4 * MINUTE_MS,
};

/** A ping as a client sends it. */
export interface Sent {
  job: string;
  /** The instant of what it tells, at which it was sent for the first time. */
  at: number;
  ping: ScriptedPing;
  /** Says that the wrapper keeps a ping that did not get through and sends it again, with how long ago it was. */
  isSpooled: boolean;
  /** The clock of the client runs faster than the server's by this share. */
  drift: number;
}

/** Returns when and how a sent ping reaches Cronflow, if it ever does. Cronflow hears nothing in `deaf`. */
export function arrivals(
  sent: Sent,
  network: Network,
  deaf: readonly Window[],
  dice: Dice,
): (Happening & { type: 'ping' })[] {
  const times = [sent.at];
  // A client that got its answer too late for its liking tries again, and without a run id nothing shows that.
  if (sent.ping.rid === undefined && dice.chance(network.duplicateProbability))
    times.push(sent.at + dice.spanMs(SECOND_MS, 40 * SECOND_MS));
  if (dice.chance(network.duplicateProbability)) times.push(sent.at + dice.spanMs(10, 10 * MINUTE_MS));
  return times.flatMap((at) => {
    const arrived = arrival(sent, at, network, deaf, dice);
    return arrived === null ? [] : [arrived];
  });
}

function arrival(
  sent: Sent,
  firstAt: number,
  network: Network,
  deaf: readonly Window[],
  dice: Dice,
): (Happening & { type: 'ping' }) | null {
  const { job, ping, isSpooled } = sent;
  for (let sentAt = firstAt, attempt = 0; attempt < 50; attempt += 1) {
    const latencyMs = latency(network, dice);
    const at = sentAt + latencyMs;
    const blocked = [...network.outages, ...deaf].find((each) => at >= each.from_at && at <= each.to_at);
    const isLost = blocked !== undefined || dice.chance(network.lossProbability);
    if (!isLost) {
      const delayMs = Math.round((sentAt - firstAt) * (1 + sent.drift));
      return {
        at,
        type: 'ping',
        job,
        ping: delayMs > 0 && isSpooled ? { ...ping, delay_ms: delayMs } : ping,
      };
    }
    // A bare client tries again for a few seconds at most and says nothing of it.
    if (!isSpooled && !dice.chance(0.3)) return null;
    const soonestAt = Math.max(at, blocked?.to_at ?? 0);
    sentAt = soonestAt + dice.spanMs(SECOND_MS, isSpooled ? network.retryMsMax : 20 * SECOND_MS);
  }
  return null;
}

function latency(network: Network, dice: Dice): number {
  return dice.chance(network.slowProbability) ? dice.spanMs(SECOND_MS, 3 * MINUTE_MS) : dice.spanMs(5, 900);
}

export function randomNetwork(dice: Dice, span: Window): Network {
  const isBad = dice.chance(0.5);
  const outages: Window[] = [];
  if (dice.chance(0.3)) {
    const from = dice.int(span.from_at, span.to_at);
    // The outage is not so long that more runs are reported at once afterwards than Cronflow looks back on.
    const mostMs = Math.min(5 * HOUR_MS, (span.to_at - span.from_at) / 6);
    outages.push({ from_at: from, to_at: from + dice.spanMs(MINUTE_MS, mostMs) });
  }
  return {
    lossProbability: isBad ? dice.random() * 0.2 : 0,
    duplicateProbability: isBad ? dice.random() * 0.3 : 0,
    slowProbability: isBad ? dice.random() * 0.3 : 0,
    outages,
    retryMsMax: dice.spanMs(30 * SECOND_MS, HOUR_MS),
  };
}
