/** 8:05 on a Friday morning in Berlin, when somebody opens the page to see what broke overnight. */
export const MORNING_AT = Date.UTC(2026, 0, 16, 7, 5);
export const ZONE = 'Europe/Berlin';
