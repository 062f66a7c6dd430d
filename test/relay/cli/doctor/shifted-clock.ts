/** Loaded before a command: its clock is then so many seconds ahead as CLOCK_AHEAD_S says. */
const { now } = Date;
const aheadMs = Number(process.env.CLOCK_AHEAD_S ?? "0") * 1000;
Date.now = () => now() + aheadMs;
