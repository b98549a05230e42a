import { render } from 'preact';
import { App } from './app.tsx';
import { startClock } from './live/clock.ts';
import { stayConnected } from './live/connection.ts';
import { startRouter } from './router.tsx';
import { startTheme } from './ui/theme.ts';

startTheme();
startClock();
startRouter();
render(<App />, document.querySelector('#app')!);
void stayConnected();
