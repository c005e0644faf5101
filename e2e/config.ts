/** The environment of the test, which the processes that it starts inherit. */
export const environment: Readonly<Record<string, string | undefined>> = process.env;
