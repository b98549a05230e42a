import type { ServeHost } from '../../../src/cli/serve.ts';

/** For commands that start no service. */
export const NO_SERVICE: ServeHost = {
  createApp: () => {
    throw new Error('nothing here starts a service');
  },
  stopRequested: () => new Promise(() => undefined),
  onReloadRequested: () => undefined,
  exit: () => undefined,
  onExit: () => undefined,
  onWarning: () => undefined,
};
