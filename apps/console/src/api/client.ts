import { createPombo } from "@pombo/sdk";
import { QueryClient } from "@tanstack/react-query";
import { sessionEnded } from "./session.ts";

/** The client of this very Pombo; the session's cookie speaks for the user. */
export const pombo = createPombo({
  url: window.location.origin,
  headers: { "x-pombo-console": "1" },
  timeoutMs: 20_000,
  // Pages ask again by themselves, and say meanwhile that they can't tell.
  retry: { attempts: 2, longestWaitMs: 2_000 },
  fetch: async (input, init) => {
    const response = await fetch(input, { ...init, credentials: "same-origin" });
    if (response.status === 401) sessionEnded();
    return response;
  },
});

/** What pages have asked for. Old answers stay while new ones are on their way. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: { retry: false, staleTime: 1_000, refetchOnWindowFocus: true },
    mutations: { retry: false },
  },
});
