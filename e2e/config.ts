/** The environment of the test, which the processes that it starts inherit. */
export const environment: Readonly<Record<string, string | undefined>> = process.env;

/** How much the tests of the fleet do: more than in every run when asked. */
export const fleetDevices = Number(environment["FLEET_DEVICES"] ?? 30);
export const fleetCycles = Number(environment["FLEET_CYCLES"] ?? 4);
