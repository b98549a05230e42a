// The service as its users run it, but with a lease of CRONFLOW_TEST_LEASE_MS where that is given: a test that stops an
// instance for longer than its lease need not last minutes.
import { systemClock } from '../../dist/clock.js';
import { serveHere } from './serve-here.mjs';

const leaseMs = process.env.CRONFLOW_TEST_LEASE_MS;
await serveHere(systemClock, leaseMs === undefined ? {} : { leaseMs: Number(leaseMs) });
