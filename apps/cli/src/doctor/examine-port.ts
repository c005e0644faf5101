import { once } from "node:events";
import { createServer } from "node:net";
import { type Finding, problem, reasonOf, well } from "./finding.ts";

/** Can the API have its port? One that a Pombo has already is all right. */
export async function examinePort(host: string, port: number): Promise<readonly Finding[]> {
  if (port === 0) return [];
  const refused = await tryListening(host, port);
  if (refused === undefined) return [well(`port: ${port} is free`)];
  if (await isPombo(host, port)) return [well(`port: ${port} is a Pombo's`)];
  const isTaken = refused.includes("EADDRINUSE");
  return [
    problem(
      isTaken
        ? `port: ${port} is taken by another program`
        : `port: the API can't listen on ${host}:${port}: ${refused}`,
      "choose another in POMBO_PORT (npm start -- --port N), or end that program",
    ),
  ];
}

async function tryListening(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (error) {
    return reasonOf(error);
  }
  server.close();
  await once(server, "close");
  return undefined;
}

async function isPombo(host: string, port: number): Promise<boolean> {
  const name = host.includes(":") ? `[${host}]` : host;
  try {
    const url = `http://${name}:${port}/health/live`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    return answer.ok && ((await answer.json()) as { success?: boolean }).success === true;
  } catch {
    return false;
  }
}
